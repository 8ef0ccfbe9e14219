#!/bin/sh
# What was installed is complete, exports what the header declares and nothing else, and the header's own
# example compiles and runs as it says there.
# Usage: installed.sh PREFIX VERSION SONAME WORK
set -eu
prefix=$1 version=$2 soname=$3 work=$4
fail() { echo "installed.sh: $1" >&2; exit 1; }
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib"

for file in "lib/libipgate.so.$version" lib/libipgate.a include/ipgate.h lib/pkgconfig/ipgate.pc; do
    test -f "$prefix/$file" || fail "$file is missing"
done
test "$(readlink "$prefix/lib/$soname")" = "libipgate.so.$version" || fail "$soname leads elsewhere"
test "$(readlink "$prefix/lib/libipgate.so")" = "$soname" || fail "libipgate.so leads elsewhere"
readelf -d "$prefix/lib/libipgate.so" | grep -q "SONAME.*\[$soname\]" || fail "the SONAME is not $soname"
test "$(pkg-config --modversion ipgate)" = "$version" || fail "pkg-config knows another version"

# Whoever installs it did not ask for what only a debugger reads.
for file in "lib/libipgate.so.$version" lib/libipgate.a; do
    ! readelf -S --wide "$prefix/$file" 2>/dev/null | grep -q ' \.debug_' || fail "$file holds debug information"
done
test "$(stat -c %s "$prefix/lib/libipgate.so.$version")" -lt 4000000 || fail "the library is not stripped"

mkdir -p "$work/installed.d"
cd "$work/installed.d"
nm -D --defined-only "$prefix/lib/libipgate.so" | awk '{ print $3 }' | sort > exported
sed -n 's/^[a-z].*[ *]\(ipgate_[a-z_]*\)(.*/\1/p' "$prefix/include/ipgate.h" | sort > declared
diff declared exported || fail "the library exports something other than the header declares"

# The example between the comment's "#include <ipgate.h>" and its closing brace.
awk '/^ \*     #include <ipgate.h>/ { on = 1 } on { line = $0; sub(/^ \*(     )?/, "", line); print line }
    /^ \*     }/ { exit }' "$prefix/include/ipgate.h" > check.c
test "$(wc -l < check.c)" -le 30 || fail "the header's example is longer than it says"
gcc -std=c11 -Wall -Wextra -Werror -Wpedantic check.c $(pkg-config --cflags --libs ipgate) -o check
test "$(./check 10.0.1.7)" = "allow office_ABC" || fail "the header's example says: $(./check 10.0.1.7)"
test "$(./check 212.121.212.122 || true)" = "deny " || fail "the header's example lets a stranger in"
./check 10.0.1.8 > /dev/null || fail "the header's example ends with an error"
! ./check 10.0.2.8 > /dev/null || fail "the header's example does not report a denial"

# The examples as they are.
examples="$(dirname "$0")/../../examples"
for example in check reload; do
    gcc -std=c11 -Wall -Wextra -Werror -Wpedantic "$examples/$example.c" $(pkg-config --cflags --libs ipgate) \
        -lpthread -o "example-$example"
done
printf '10.0.0.0/9\n' > reload.list
(sleep 1; printf '10.128.0.0/9\n' > reload.new && mv reload.new reload.list) &
./example-reload reload.list 3 > reload.out
wait
grep -q '^generation 3 is in force' reload.out || fail "the example did not swap: $(cat reload.out)"
test "$(grep -c 'last by generation 3$' reload.out)" = 2 || fail "a worker did not see the swap: $(cat reload.out)"
echo "installed: ok, $(wc -l < exported) symbols"
