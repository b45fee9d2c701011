#!/usr/bin/env bash
# The starter encoder from nothing but public packages and the captioned tars that CARD.md names, in one command:
#
#     data/starter/make.sh TARS RUNS
#
# TARS is the folder of the tars, RUNS an empty one for what is made; the bundle is RUNS/bundle. Wants a GPU with 68 GB
# (fifteen minutes on an H200), npm for the fonts and the emoji, and `pip install -r requirements-starter.txt`. What is
# finished is not made again, so the same command goes on from where it was stopped.
set -euo pipefail
tars=$1 runs=$2
python=${PYTHON:-python}
clipcore="$python -m clipcore"
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$runs/packages"

made() { # name, and a command that takes the place to write to as its last argument
  if [ ! -e "$runs/$1" ]; then
    rm -rf "$runs/$1.part"
    "${@:2}" "$runs/$1.part"
    mv "$runs/$1.part" "$runs/$1"
  fi
}
packages() { (cd "$runs/packages" && for name in "$@"; do ${NPM:-npm} pack "$name" >&2; done); }

emoji() {
  packages emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0 @lobehub/fluent-emoji-3d@1.1.0
  $python "$here/emoji_pairs.py" "$runs"/packages/*emoji*.tgz --out "$1"
}
documents() {
  packages @fontsource/{caveat,dancing-script,homemade-apple,indie-flower,reenie-beanie}@5.3.0
  $python "$here/document_pairs.py" --hands "$runs"/packages/fontsource-*.tgz --photos "$tars/coco-sample.tar" \
    --icons "$runs/emoji.tar" --out "$1"
}
train() { # recipe, the run to go on from or nothing, and where to
  local start=(${3:+--from "$runs/$2"})
  $clipcore train "$1" "${start[@]}" --eval "$tars/flickr8k-dev.tar" --classify "$dev" --pairs "${pairs[@]}" --out "${@: -1}"
}

captioned=("$tars/flickr8k-train.tar" "$tars/coco-sample.tar")
dev="$tars/tiny-imagenet-200x90.tar@dev/"
pairs=("${captioned[@]}" "$tars"/{tuxpaint-stamps,clipart,grocery-train,fashion-sample,tiny-imagenet-200x90}.tar)
pairs+=("$runs"/{emoji,styles,documents}.tar)

made emoji.tar emoji
made styles.tar $python "$here/style_pairs.py" "${captioned[@]}" --out
made documents.tar documents
made starter train starter
made slow train starter_slow starter
made fast train starter_fast starter
made average $clipcore average "$runs/slow" "$runs/fast" --out
made kinds train starter_kinds average
made whole $clipcore average "$runs"/{kinds,kinds,kinds,average} --out
made plain $clipcore export "$runs/whole" --out
made bundle $clipcore correct-hubs "$runs/plain" --pairs "${captioned[0]}" --pairs "${captioned[1]}" --out
$clipcore evaluate "$runs/bundle" --pairs "$tars/flickr8k-dev.tar"
$clipcore evaluate "$runs/bundle" --labelled "$dev"
