import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** The file that tells that there was a database, should the database itself be lost. */
export function markerOf(path: string): string {
  return `${path}.made`
}

/**
 * Leaves the marker beside a database, unless it is there. To be called when the database holds its schema: from then
 * on it is never made anew, whatever has become of its file.
 */
export function leaveMarker(path: string): void {
  const marker = markerOf(path)
  if (existsSync(marker)) return
  // Cut off by a crash it is as good: only its being there counts.
  writeDurably(marker, textFor(basename(path)))
  syncDirectory(dirname(path))
}

function textFor(name: string): string {
  return `This file says that the database ${name} was made here. Without the database it keeps Mintkeeper from starting
with an empty one, in which every user, client, token and key would be missing.

If ${name} is lost, restore it from a backup. To begin anew instead, remove this file, ${name}.key,
${name}-wal and ${name}-shm.
`
}

function writeDurably(file: string, text: string): void {
  const descriptor = openSync(file, 'w', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** What is written into a file is lost with its name. (Windows can not open directories, and needs no flush.) */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
