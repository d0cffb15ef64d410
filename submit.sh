#!/bin/sh
# Hands the ids of the finished ingestion in: verifies, shows what will be sent, asks, submits.
#
#   sh submit.sh [--docker|--local] URL [submit flags]
#
# Goes into the container when that runs, unless --local is given. It builds nothing: run-ingestion.sh
# has. Exit codes are those of `submit`; a missing prerequisite or a wrong flag is 2.

set -u

CONTAINER=assignment-ingestion

fail() {
  printf 'submit: %s\n' "$*" >&2
  if [ "$wants_json" = yes ]; then
    printf '{"status":"failed","exitCode":2,"message":"%s","fault":null}\n' "$*"
  fi
  exit 2
}

usage() {
  cat <<'USAGE'
Usage: sh submit.sh [--docker|--local] URL [submit flags]

  URL        of your repository: https://github.com/OWNER/NAME
  --docker   from the container assignment-ingestion
  --local    from this machine, even if that container runs

All other flags go to the submission, among them:
  --yes      do not ask before a submission is spent
  --dry-run  verify, export and show, and submit nothing
USAGE
}

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

container_runs() {
  command -v docker >/dev/null 2>&1 &&
    [ "$(docker inspect --format '{{.State.Running}}' "$CONTAINER" 2>/dev/null)" = true ]
}

submit_local() {
  command -v node >/dev/null 2>&1 || fail 'node is missing: run-ingestion.sh says which one is needed.'
  if [ ! -f dist/.built ] || [ ! -d node_modules ]; then
    fail 'nothing is built yet: run sh run-ingestion.sh first.'
  fi
  exec node dist/src/main.js submit "$@"
}

submit_docker() {
  container_runs || fail "the container $CONTAINER does not run: run sh run-ingestion.sh --docker first."
  # A terminal is passed on only where there is one, or docker refuses.
  if [ -t 0 ] && [ -t 1 ]; then
    exec docker exec --interactive --tty "$CONTAINER" node dist/src/main.js submit "$@"
  fi
  exec docker exec "$CONTAINER" node dist/src/main.js submit "$@"
}

way=auto
wants_json=no
case " $* " in
  *' --json '*) wants_json=yes ;;
esac
count=$#
while [ "$count" -gt 0 ]; do
  flag=$1
  shift
  count=$((count - 1))
  case $flag in
    --docker | --local)
      [ "$way" = auto ] || [ "$way" = "${flag#--}" ] || fail '--docker and --local exclude each other.'
      way=${flag#--}
      continue
      ;;
    -h | --help)
      usage
      exit 0
      ;;
  esac
  set -- "$@" "$flag"
done
[ $# -gt 0 ] || { usage >&2; exit 2; }

root=$(script_folder "$0")
cd "$root" || fail "the folder of $0 cannot be entered."

if [ "$way" = auto ]; then
  way=local
  if container_runs; then way=docker; fi
fi

case $way in
  docker) submit_docker "$@" ;;
  local) submit_local "$@" ;;
esac
