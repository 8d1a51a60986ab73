#!/bin/sh
# Says what comes next, so that a long wait has a name.
printf '\n==> %s\n' "$*"
