import type { RecordedStep } from './recorded-step.js'

const HEAD = `set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
force=\${1:-}
left=0
say() { echo "restore: $*" >&2; }
trouble() { say "$*"; left=1; }
begun() { grep -q "\\"event\\":\\"begin\\",\\"step\\":$1}" "$here/journal" 2>/dev/null; }
undone() {
  grep -q "\\"event\\":\\"undone\\",\\"step\\":$1}" "$here/journal" 2>/dev/null || grep -qx "$1" "$here/undone" 2>/dev/null
}
sum() { if [ -e "$1" ]; then sha256sum <"$1" | cut -d' ' -f1; else echo absent; fi; }

# file STEP PATH BEFORE AFTER SAVED: puts a file back, unless somebody edited it since
file() {
  begun "$1" || return 0
  now=$(sum "$2")
  [ "$now" = "$3" ] && return 0
  if [ "$now" != "$4" ] && [ "$force" != --force ]; then
    trouble "$2 was edited since and stays as it is; with --force it is put back too (as it was: $here/$5)"
    return 0
  fi
  if [ "$3" = absent ]; then rm -f "$2" && say "removed $2" || trouble "cannot remove $2"; return 0; fi
  target=$(readlink -f "$2")
  cp -p "$here/$5" "$target.greyctl-restore" && mv -f "$target.greyctl-restore" "$target" && say "put $2 back" ||
    trouble "cannot write $2"
}

# undo STEP "EXIT CODES THAT ARE FINE" PROGRAM…
undo() {
  begun "$1" || return 0
  # once is enough, by this script or by greyctl: a unit that is gone cannot be stopped again
  undone "$1" && return 0
  step=$1
  fine=" 0 $2 "
  shift 2
  "$@" </dev/null >/dev/null 2>&1
  code=$?
  case $fine in *" $code "*) echo "$step" >>"$here/undone" ;; *) trouble "$* ended with $code" ;; esac
}

created() { begun "$1" && rmdir "$2" 2>/dev/null; return 0; }
removed() { begun "$1" && [ ! -d "$2" ] && mkdir -m "$3" "$2" && chown "$4" "$2"; return 0; }
`

const TAIL = `
if [ "$left" = 0 ]; then
  sed 's/"state": "[a-z-]*"/"state": "rolled-back"/' "$here/manifest.json" >"$here/manifest.new" &&
    mv -f "$here/manifest.new" "$here/manifest.json"
  echo '{"event":"state","state":"rolled-back"}' >>"$here/journal"
  say 'everything is as it was before'
fi
exit "$left"
`

/**
 * What a person runs when greyctl itself cannot run: the same undo as greyctl rollback, in the order of the steps
 * backwards, with sh and coreutils alone. Killed anywhere, it is run again: a file is put in place by a rename, and a program
 * that had run without that being written down runs twice, which those that undo bear as long as nothing else was undone.
 */
export function restoreScript(title: string, created: string, steps: readonly RecordedStep[]): string {
  const intro = [
    '#!/bin/sh',
    `# Puts this machine back as it was before "${title}" of ${created}. Needs nothing of greyctl, and no Postfix`,
    '# that works. Run it as root; with --force it also restores files that were edited since.',
  ]
  const lines = [...steps.entries()].reverse().flatMap(([at, step]) => undoLine(at, step))
  return [...intro, HEAD, ...lines, TAIL].join('\n')
}

function undoLine(at: number, step: RecordedStep): readonly string[] {
  const path = quoted(step.path ?? '')
  if (step.kind === 'file') {
    return [`file ${at} ${path} ${step.before} ${step.after} ${quoted(step.saved ?? '')}`]
  }
  if (step.kind === 'directory' && step.directory) {
    const { existed, meta } = step.directory
    return existed
      ? [`removed ${at} ${path} ${meta.mode.toString(8)} ${meta.uid}:${meta.gid}`]
      : [`created ${at} ${path}`]
  }
  if (step.kind !== 'run' || step.undo === undefined) return []
  return [`undo ${at} ${quoted((step.accept ?? []).join(' '))} ${step.undo.map(quoted).join(' ')}`]
}

function quoted(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
