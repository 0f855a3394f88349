#!/bin/sh
# What Verilator's makefiles put before the compiler (OBJCACHE), for the length of a test session:
# Verilator's run-time library, the same for every design, is compiled once for each set of options.
#
#   objcache.sh COMPILER ARGUMENT...
#
# FWGEN_TEST_OBJECTS names the folder of the objects. All else is compiled as if this were not here.
source='' object='' last=''
for word do
    case $word in */include/verilated*.cpp) source=$word ;; esac
    [ "$last" = -o ] && object=$word
    last=$word
done
[ -n "$source" ] && [ -n "$object" ] && [ -d "$FWGEN_TEST_OBJECTS" ] || exec "$@"

# The library includes nothing from a design's folder, and the source's path says where its headers
# are: options -I and the object's name do not matter.
key=$(
    last=''
    for word do
        case $word in -I*) ;; *) [ "$last" = -o ] || printf '%s\n' "$word" ;; esac
        last=$word
    done | sha256sum | cut -c1-64
) && [ -n "$key" ] || exec "$@"
kept=$FWGEN_TEST_OBJECTS/$key.o
if [ ! -f "$kept" ]; then
    "$@" || exit
    # under a name of this process first: another may do the same, or look
    cp "$object" "$kept.$$" && mv "$kept.$$" "$kept"
    exit 0
fi
cp "$kept" "$object"
