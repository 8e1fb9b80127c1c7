import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startOn, until, within } from './mintkeeper.ts'
import { startPostgres } from './server.ts'

const SIZE_MB = 24

/** A disk of its own, as small as that; null: we may not mount one here. */
function mountSmallDisk(): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=777`, 'tmpfs', directory], {
      stdio: 'ignore',
    })
    return directory
  } catch {
    rmdirSync(directory)
    return null
  }
}

const disk = mountSmallDisk()
const WHERE = disk === null ? 'skipped: nothing can be mounted here' : 'a tablespace on a small disk'

describe.skipIf(disk === null)(`T187 T011 a full disk (${WHERE})`, () => {
  test('writes are 503, nothing is revoked by word only, reads go on, and it heals', async () => {
    const directory = disk as string
    onTestFinished(() => {
      execFileSync('umount', ['--lazy', directory])
      rmdirSync(directory)
    })
    const postgres = await startPostgres()
    onTestFinished(() => postgres.remove())
    const space = join(directory, 'space')
    execFileSync('mkdir', [space])
    // As whom the server runs.
    const [{ data_directory: data } = {}] = await postgres.query(
      await postgres.createDatabase(),
      'show data_directory',
    )
    execFileSync('chown', [`--reference=${data}`, space])
    const url = await postgres.createDatabase()
    await postgres.query(url, `create tablespace small location '${space}'`)
    await postgres.query(url, 'create database full_soon tablespace small')
    const { calls, mintkeeper } = await startOn(url.replace(/\w+$/, 'full_soon'))
    const { access_token: known } = (await calls.issue()).json

    const ballast = join(directory, 'ballast')
    fill(ballast)
    const revoked: string[] = []
    // Pages that are there have room for some.
    for (;;) {
      const answers = await Promise.all(Array.from({ length: 64 }, () => calls.issue()))
      expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true)
      if (answers.every(({ status }) => status === 503)) break
      for (const { json } of answers.filter(({ status }) => status === 200).slice(0, 8)) {
        const { status } = await calls.revoke(json.access_token)
        if (status === 200) revoked.push(json.access_token)
        else expect(status).toBe(503)
      }
    }
    expect((await calls.issue()).retryAfter).toBe('1')
    expect((await calls.introspect(known)).json.active).toBe(true)
    expect((await calls.jwks()).status).toBe(200)
    for (const token of revoked) expect((await calls.introspect(token)).json.active).toBe(false)

    rmSync(ballast)
    await within(5000, until(calls.issue, 200))
    expect((await calls.revoke(known)).status).toBe(200)
    expect((await calls.introspect(known)).json.active).toBe(false)
    expect(await mintkeeper.ready()).toBe(true)
  })
})

/** Leaves no block. */
function fill(path: string): void {
  for (let bytes = SIZE_MB * 2 ** 20; bytes >= 4096; bytes /= 2) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
    } catch {}
  }
}
