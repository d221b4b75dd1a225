#!/usr/bin/env bash
# Makes Python clients of samples' OpenAPI documents with openapi-generator, and calls the running samples by them.
# By hand, after `npm run build`: it needs Java of 11 or later, Maven, which fetches the generator from Maven Central, and
# Python of 3.9 or later, whose pip fetches what clients import. Where one of them is missing it says so, and does nothing.
# OPENAPI_GENERATOR: the generator's version. CLIENT_VENV: where the packages are, or are to be installed.
set -euo pipefail
cd "$(dirname "$0")/../../.."
for tool in java mvn python3; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 0; }
done
version=${OPENAPI_GENERATOR:-7.25.0}
samples=(01-fastai-sentiment 03-tabular 04-vision 05-language-model)
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -Dartifact="org.openapitools:openapi-generator-cli:$version" -DoutputDirectory="$work"
venv=${CLIENT_VENV:-$work/venv}
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet 'urllib3>=2.1' 'pydantic>=2' python-dateutil typing-extensions
fi

free_port() { node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })'; }
ready() {
  until curl -fs "localhost:$1/readyz" >/dev/null; do
    kill -0 "$2" || { cat "$3"; exit 1; }
    sleep 0.3
  done
}
client() {
  java -jar "$work/openapi-generator-cli-$version.jar" generate -g python --package-name "$1" -i "$2" -o "$work/of-$1" >"$work/$1.log"
  cp -r "$work/of-$1/$1" "$work/$1"
}

urls=()
for sample in "${samples[@]}"; do
  package=client_$(tr -cs 'a-z' '_' <<<"${sample:3}" | sed 's/_*$//')
  client "$package" "sample/$sample/openapi.json"
  port=$(free_port)
  PORT=$port node "dist/sample/$sample/src/main.js" >"$work/$sample.log" 2>&1 &
  servers+=($!)
  ready "$port" $! "$work/$sample.log"
  urls+=("http://localhost:$port")
done

# What `vts serve` answers, by the kind of the learner; the document is its own.
models() { echo "$work/$1.pkl"; cp sample/$2/saved_model.pkl "$work/$1.pkl"; }
files=($(models text '01-fastai-sentiment/models-home/models/fastai_sentiment/ln2yf5vx2km2s2p3')
  $(models rows '03-tabular/models-home/models/income/ln2yg3cs6rfn6flp')
  $(models picture '04-vision/models-home/models/shapes/ln2yj7imvie5gxav')
  $(models mask '04-vision/models-home/models/shape_masks/ln2yj7jc2prpjrbe')
  $(models words '05-language-model/models-home/models/reviews_lm/ln2yhw7wwwoyipnr'))
port=$(free_port)
node dist/lib/cli/main.js serve "${files[@]}" --port "$port" >"$work/serve.log" 2>&1 &
servers+=($!)
ready "$port" $! "$work/serve.log"
curl -fs "localhost:$port/docs-json" >"$work/served.json"
client client_served "$work/served.json"
urls+=("http://localhost:$port")
PYTHONPATH=$work "$venv/bin/python" test/clients/python/main.py "$version" "${urls[@]}"
