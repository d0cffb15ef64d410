#!/bin/sh
# What the npm scripts of the program run: builds it where it is not built yet, then becomes it, so
# that signals arrive. In the container nothing can be built: the image holds the program alone.
#
#   sh scripts/datasync.sh COMMAND [flags]

set -u

if [ ! -f dist/.built ] && [ -f scripts/build.mjs ]; then
  if [ ! -d node_modules/typescript ]; then
    message='Nothing is installed here yet: run npm ci --include=dev, then this again. sh run-ingestion.sh does both.'
    echo "$message" >&2
    case " $* " in
      *' --json '*) echo "{\"status\":\"failed\",\"exitCode\":2,\"message\":\"$message\",\"fault\":null}" ;;
    esac
    exit 2
  fi
  echo 'Building (once) ...' >&2
  # Standard output is the command's.
  node scripts/build.mjs >&2 || exit 1
fi
exec node dist/src/main.js "$@"
