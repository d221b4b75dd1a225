#!/usr/bin/env bash
# Runs schemathesis against every sample, by the document that each serves. By hand: it needs Python 3.10 or later and a
# package registry. After `npm run build`:
#   test/schemathesis/run.sh [sample...]
# SCHEMATHESIS_VENV: where schemathesis is, or is to be installed. MAX_EXAMPLES: cases of each operation and phase.
# DIST: the built project. What documents cannot say is in schemathesis.toml.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$(mktemp -d)
venv=${SCHEMATHESIS_VENV:-$folder/venv}
dist=${DIST:-dist}
server=
redis=
stop() { if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" || true; server=; fi; }
trap 'stop; [ -z "$redis" ] || kill "$redis"; rm -rf "$folder"' EXIT

if [ ! -x "$venv/bin/schemathesis" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet 'schemathesis>=4,<5'
fi

samples=("$@")
if [ ${#samples[@]} -eq 0 ]; then
  for main in sample/*/src/main.ts; do samples+=("$(basename "$(dirname "$(dirname "$main")")")"); done
fi

failed=()
for sample in "${samples[@]}"; do
  printf '\n== %s\n' "$sample"
  port=$(node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })')
  environment=(PORT="$port" NO_COLOR=1)
  options=()
  case $sample in
    09-*)
      if ! command -v redis-server >/dev/null; then
        echo 'No redis-server is installed: this sample is left out.'
        continue
      fi
      redis-server --port 0 --unixsocket "$folder/redis.sock" --save '' >/dev/null &
      redis=$!
      environment+=(VTS_HOME="$folder/jobs" REDIS_URL="unix://$folder/redis.sock")
      env "${environment[@]}" node "$dist/sample/$sample/src/save-model.js"
      ;;
    02-*)
      environment+=(VTS_HOME="$folder/layer")
      env "${environment[@]}" node "$dist/sample/$sample/src/save-model.js"
      ;;
    06-*)
      environment+=(API_KEYS=tests:a-key-for-tests:batch REQUESTS_A_MINUTE=1000000000)
      options+=(--header 'X-Api-Key: a-key-for-tests')
      ;;
  esac
  env "${environment[@]}" node "$dist/sample/$sample/src/main.js" >"$folder/$sample.log" 2>&1 &
  server=$!
  for _ in $(seq 300); do
    if curl --silent --fail --output /dev/null "http://127.0.0.1:$port/readyz"; then break; fi
    sleep 0.2
  done
  "$venv/bin/schemathesis" --config-file test/schemathesis/schemathesis.toml --no-color run "http://127.0.0.1:$port/docs-json" \
    --url "http://127.0.0.1:$port" --max-examples "${MAX_EXAMPLES:-100}" --continue-on-failure \
    --suppress-health-check all --generation-database none --request-timeout 60 \
    ${options[@]+"${options[@]}"} || failed+=("$sample")
  if grep -E '\b(ERROR|FATAL)\b' "$folder/$sample.log"; then failed+=("$sample (log)"); fi
  stop
done

printf '\n'
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
echo "all of ${#samples[@]} samples passed"
