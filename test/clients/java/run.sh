#!/usr/bin/env bash
# Makes a Java client of a sample's OpenAPI document with openapi-generator, and calls the running sample by it.
# By hand, after `npm run build`: it needs a JDK of 17 or later, and Maven, which fetches the generator from Maven Central.
set -euo pipefail
cd "$(dirname "$0")/../../.."
version=${OPENAPI_GENERATOR:-7.17.0}
port=${PORT:-3917}
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -Dartifact="org.openapitools:openapi-generator-cli:$version" -DoutputDirectory="$work"
java -jar "$work/openapi-generator-cli-$version.jar" generate -g java --library native \
  -i sample/05-language-model/openapi.json -o "$work/client" >"$work/generator.log"
cp test/clients/java/Main.java "$work/client/src/main/java/"

PORT=$port node dist/sample/05-language-model/src/main.js >"$work/server.log" &
server=$!
until curl -fs "localhost:$port/readyz" >/dev/null; do
  kill -0 "$server" || { cat "$work/server.log"; exit 1; }
  sleep 0.3
done
mvn -q -B -f "$work/client/pom.xml" -Dmaven.test.skip=true compile \
  org.codehaus.mojo:exec-maven-plugin:3.5.1:java \
  -Dexec.mainClass=Main -Dexec.args="http://localhost:$port"
