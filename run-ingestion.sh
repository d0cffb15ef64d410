#!/bin/sh
# The main job from nothing: settings, dependencies, build, database, ingestion, report.
#
#   sh run-ingestion.sh [--docker|--local] [ingest flags]
#
# Goes through Docker with --docker, without a usable Node, or when a key is set and an engine
# answers; --local never does. It only sequences: what an ingestion is, `ingest` knows. Exit codes
# are those of `ingest`; a set-up that fails is 1, a missing prerequisite or a wrong flag is 2.

set -u

NODE_MIN=20.18.1
CONTAINER=assignment-ingestion
END_MARK='ingestion ended with exit code '

# --- Messages -----------------------------------------------------------------------------------

# Standard output belongs to the ingestion when it is to end in JSON.
say() {
  if [ "$wants_json" = yes ]; then
    printf '%s\n' "$*" >&2
  else
    printf '%s\n' "$*"
  fi
}

fail() {
  code=$1
  shift
  printf 'run-ingestion: %s\n' "$*" >&2
  if [ "$wants_json" = yes ]; then
    message=$(printf '%s' "$*" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g')
    printf '{"status":"failed","exitCode":%s,"message":"%s","fault":null}\n' "$code" "$message"
  fi
  exit "$code"
}

usage() {
  cat <<'USAGE'
Usage: sh run-ingestion.sh [--docker|--local] [ingest flags]

  --docker   run in Docker, with the database of docker-compose.yml
  --local    run on this machine, even if a Docker engine answers

Without either: Docker when a key is set and an engine answers or when there is no usable Node,
else this machine. All other flags go to the ingestion, among them:
  --concurrency N  --limit N  --write-method auto|copy|insert  --max-events N
  --dry-run  --restart  --simulate  --json
USAGE
}

# --- Where we are -------------------------------------------------------------------------------

# The folder of this file, also when it was called through symbolic links.
script_folder() {
  script=$1
  while [ -L "$script" ]; do
    link=$(readlink "$script")
    case $link in
      /*) script=$link ;;
      *) script=$(dirname -- "$script")/$link ;;
    esac
  done
  CDPATH='' cd -- "$(dirname -- "$script")" && pwd -P
}

make_scratch() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/run-ingestion.XXXXXX") ||
    fail 1 "no temporary folder can be made in ${TMPDIR:-/tmp}: is the disk full?"
  trap 'rm -rf "$scratch"' EXIT
}

drop_scratch() {
  rm -rf "$scratch"
  trap - EXIT
}

# --- Settings -----------------------------------------------------------------------------------

# A variable of the environment, else of .env. The file is read, never run; empty counts as unset.
setting() {
  eval "value=\${$1:-}"
  if [ -z "$value" ] && [ -f .env ]; then
    value=$(env_text | sed -n "s/^[[:space:]]*\(export[[:space:]][[:space:]]*\)\{0,1\}$1[[:space:]]*=[[:space:]]*//p" | tail -n 1 |
      sed -e 's/[[:space:]]*$//' \
        -e 's/^"\([^"]*\)".*$/\1/' -e t -e "s/^'\([^']*\)'.*\$/\1/" -e t -e 's/[[:space:]]*#.*$//')
  fi
  printf '%s' "$value"
}

# Without byte order marks and carriage returns; of UTF-16, as PowerShell writes it, its ASCII letters.
env_text() {
  LC_ALL=C tr -d '\000\376\377\r' <.env | LC_ALL=C sed "1s/^$(printf '\357\273\277')//"
}

is_env_wide() {
  [ -f .env ] && [ -n "$(LC_ALL=C tr -dc '\000' <.env | LC_ALL=C tr '\000' x)" ]
}

# The placeholders are those of src/config.
has_key() {
  key=$(setting TARGET_API_KEY | tr '[:upper:]' '[:lower:]')
  case $key in
    '' | your_api_key_here | your-api-key | changeme) return 1 ;;
  esac
}

make_settings() {
  [ -e .env ] || [ ! -f .env.example ] && return
  if (umask 077 && cp .env.example .env) 2>/dev/null; then
    say 'Made .env from .env.example: put your key there, as TARGET_API_KEY.'
  fi
}

# --- What this machine has ----------------------------------------------------------------------

# Sets node_version; fails when there is no Node or it is too old.
find_node() {
  node_version=none
  command -v node >/dev/null 2>&1 || return 1
  node_version=$(node --version 2>/dev/null) || return 1
  node_version=${node_version#v}
  is_at_least "${node_version%%-*}" "$NODE_MIN"
}

# Compares two versions of three numbers.
is_at_least() {
  old_ifs=$IFS
  IFS=.
  # shellcheck disable=SC2086 # The words are the numbers.
  set -- $1 $2
  IFS=$old_ifs
  [ $# -eq 6 ] || return 1
  case $1$2$3 in
    *[!0-9]*) return 1 ;;
  esac
  [ "$1" -ne "$4" ] && { [ "$1" -gt "$4" ]; return; }
  [ "$2" -ne "$5" ] && { [ "$2" -gt "$5" ]; return; }
  [ "$3" -ge "$6" ]
}

has_engine() {
  command -v docker >/dev/null 2>&1 && docker info >/dev/null 2>&1
}

find_compose() {
  if docker compose version >/dev/null 2>&1; then
    compose='docker compose'
  elif command -v docker-compose >/dev/null 2>&1; then
    compose=docker-compose
  else
    return 1
  fi
}

# --- On this machine ----------------------------------------------------------------------------

is_newer() {
  [ -n "$(find "$@" -print 2>/dev/null | head -n 1)" ]
}

# npm writes this file when an installation is complete.
needs_install() {
  installed=node_modules/.package-lock.json
  [ ! -f "$installed" ] || is_newer package-lock.json -newer "$installed"
}

needs_build() {
  built=dist/.built
  [ ! -f "$built" ] && return
  is_newer src workers scripts tsconfig.json package-lock.json -newer "$built"
}

install() {
  command -v npm >/dev/null 2>&1 || fail 2 'npm is missing: install it; it comes with Node.'
  say 'Installing the dependencies (once, a minute at most) ...'
  make_scratch
  # The compiler is a development dependency, which NODE_ENV=production would leave out.
  npm ci --include=dev --no-audit --no-fund >"$scratch/log" 2>&1 || {
    # The reason comes first; what follows is the manual.
    grep 'npm error' "$scratch/log" | head -n 10 >&2
    fail 1 "$(why_npm_failed)"
  }
  drop_scratch
}

why_npm_failed() {
  if grep -q 'ENOSPC' "$scratch/log"; then
    echo 'the disk is full: make room for about 300 MB and run this again.'
  elif grep -Eq 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT' "$scratch/log"; then
    echo 'the npm registry cannot be reached: check the network (or the proxy) and run this again.'
  elif grep -Eq 'EACCES|EPERM|EROFS' "$scratch/log"; then
    echo "npm may not write in $PWD: check who owns it."
  else
    echo 'the dependencies could not be installed; npm says why above.'
  fi
}

build() {
  say 'Building ...'
  make_scratch
  node scripts/build.mjs >"$scratch/log" 2>&1 || {
    tail -n 20 "$scratch/log" >&2
    if grep -q 'ENOSPC' "$scratch/log"; then
      fail 1 'the disk is full: make room and run this again.'
    fi
    fail 1 'the build failed; its last lines are above.'
  }
  drop_scratch
}

run_local() {
  find_node || fail 2 "Node $NODE_MIN or newer is needed and this machine has $node_version: install it from https://nodejs.org, or start a Docker engine."
  make_settings
  if needs_install; then install; fi
  if needs_build; then build; fi
  exec node dist/src/main.js ingest "$@"
}

# --- In Docker ----------------------------------------------------------------------------------

run_docker() {
  command -v docker >/dev/null 2>&1 || fail 2 'docker is missing: install it, or use --local.'
  has_engine || fail 2 'no Docker engine answers: start it, or use --local.'
  find_compose || fail 2 'docker compose is missing: install the compose plugin, or use --local.'
  is_env_wide && fail 2 '.env is in UTF-16, which docker compose does not read: save it as UTF-8.'
  make_settings
  make_scratch
  unset_empty
  choose_database
  # One flag a line: a flag may hold spaces.
  INGEST_FLAGS=$([ $# -eq 0 ] || printf '%s\n' "$@")
  INGEST_ON_START=true
  export INGEST_FLAGS INGEST_ON_START

  services=assignment-postgres
  if has_key; then
    SIMULATE=false
  else
    # Simulated events may go into the compose file's own database, and into no other.
    services='assignment-postgres assignment-simulator'
    SIMULATE=$([ -z "$CONTAINER_DATABASE_URL" ] && echo true || echo false)
  fi
  export SIMULATE

  say 'Starting the services ...'
  # shellcheck disable=SC2086 # The words are the names.
  compose_up $services
  # Made anew, so that it starts an ingestion with these flags, and so that its log begins here.
  compose_up --force-recreate "$CONTAINER"
  follow
}

# Compose lets an empty variable of the environment hide the value in .env.
unset_empty() {
  # shellcheck disable=SC2013 # The loop of a pipe is a shell of its own, and unsets nothing here.
  for name in $(sed -n 's/^.*\${\([A-Z_]*\):-.*$/\1/p' docker-compose.yml); do
    eval "[ -n \"\${$name:-}\" ]" || unset "$name"
  done
}

# DATABASE_URL names a place as seen from here. The compose file's own database is known by its
# port; any other database of this machine cannot be reached from within a container.
choose_database() {
  CONTAINER_DATABASE_URL=$(setting DATABASE_URL)
  case $CONTAINER_DATABASE_URL in
    *@localhost:5434/* | *@127.0.0.1:5434/* | *//localhost:5434/* | *//127.0.0.1:5434/*)
      CONTAINER_DATABASE_URL=''
      ;;
    *@localhost[:/]* | *@127.0.0.1[:/]* | *@\[::1\]* | *//localhost[:/]* | *//127.0.0.1[:/]* | *//\[::1\]*)
      fail 2 'DATABASE_URL names this machine, which a container cannot reach: use --local, or unset it to use the database of docker-compose.yml.'
      ;;
  esac
  export CONTAINER_DATABASE_URL
}

compose_up() {
  # shellcheck disable=SC2086 # `docker compose` is two words.
  { $compose up --detach --build "$@" 2>&1; echo $? >"$scratch/status"; } |
    tee "$scratch/log" >&2
  [ "$(cat "$scratch/status")" = 0 ] && return
  if grep -Eq 'port is already allocated|address already in use' "$scratch/log"; then
    fail 1 'a port is taken: free 5434 (the database) or 8080 (set HTTP_PORT for another).'
  elif grep -q 'no space left on device' "$scratch/log"; then
    fail 1 'the disk is full: make room for about 1 GB and run this again.'
  elif grep -Eq 'no such host|network is unreachable|TLS handshake timeout|i/o timeout' "$scratch/log"; then
    fail 1 'the image registry cannot be reached: check the network and run this again.'
  fi
  fail 1 'the services could not be started; the lines above say why.'
}

# Shows the log until the ingestion has ended, and exits with its code. The container stays up, so
# the log never ends by itself. A signal cuts the reading short in some shells; what was shown is
# then skipped.
follow() {
  shown=0
  exit_code=''
  trap 'docker kill --signal=INT "$CONTAINER" >/dev/null 2>&1' INT TERM
  mkfifo "$scratch/lines"
  while [ -z "$exit_code" ]; do
    follow_once
    [ -n "$exit_code" ] && break
    [ "$(docker inspect --format '{{.State.Running}}' "$CONTAINER" 2>/dev/null)" = true ] ||
      fail 1 "the container ended before the ingestion did: see docker logs $CONTAINER."
  done
  # The ingestion alone writes to the container's standard output, and with --json only its result.
  if [ "$wants_json" = yes ]; then docker logs "$CONTAINER" 2>/dev/null; fi
  exit "$exit_code"
}

follow_once() {
  if [ "$wants_json" = yes ]; then
    docker logs --follow "$CONTAINER" 2>"$scratch/lines" >/dev/null &
  else
    docker logs --follow "$CONTAINER" >"$scratch/lines" 2>&1 &
  fi
  follower=$!
  read_count=0
  while IFS= read -r line; do
    read_count=$((read_count + 1))
    [ "$read_count" -le "$shown" ] && continue
    shown=$read_count
    case $line in
      "$END_MARK"*)
        exit_code=${line#"$END_MARK"}
        break
        ;;
    esac
    say "$line"
  done <"$scratch/lines"
  kill "$follower" 2>/dev/null
  wait "$follower" 2>/dev/null
}

# --- Which way ----------------------------------------------------------------------------------

way=auto
wants_json=no
count=$#
while [ "$count" -gt 0 ]; do
  flag=$1
  shift
  count=$((count - 1))
  case $flag in
    --docker | --local)
      [ "$way" = auto ] || [ "$way" = "${flag#--}" ] || fail 2 '--docker and --local exclude each other.'
      way=${flag#--}
      continue
      ;;
    --json) wants_json=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
  esac
  set -- "$@" "$flag"
done

root=$(script_folder "$0")
cd "$root" || fail 1 "the folder of $0 cannot be entered."

if [ "$way" = auto ]; then
  way=local
  if has_key && has_engine && find_compose; then
    way=docker
  elif ! find_node && has_engine; then
    way=docker
  fi
fi

case $way in
  docker) run_docker "$@" ;;
  local) run_local "$@" ;;
esac
