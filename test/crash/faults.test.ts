import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createProbe } from './faults.ts'
import { type SqliteUnderTest, sqliteUnderTest } from './sqlite.ts'
import { attach, whyNoStrace } from './strace.ts'

const noStrace = await whyNoStrace()

async function started(parent = tmpdir()) {
  const underTest = sqliteUnderTest(1, parent)
  onTestFinished(() => underTest.remove())
  return { underTest, probe: createProbe(await underTest.start(0)) }
}

/** Makes all writes to the database's files fail, until what is returned is called. */
async function failCalls({ file, pid }: SqliteUnderTest, inject: string): Promise<() => Promise<void>> {
  const traced = ['-e', 'trace=pwrite64,fsync,fdatasync', '-P', file, '-P', `${file}-wal`]
  const tracer = await attach(pid(), [...traced, '-e', `inject=${inject}`])
  onTestFinished(() => tracer.detach())
  return tracer.detach
}

describe.skipIf(noStrace !== null)(
  `T012 a disk that fails${noStrace === null ? '' : ` (${noStrace})`}`,
  () => {
    test.each([
      ['EIO at each flush', 'fsync,fdatasync:error=EIO'],
      ['ENOSPC at each write', 'pwrite64:error=ENOSPC'],
      ['EROFS at each write', 'pwrite64:error=EROFS'],
      ['EIO at each write', 'pwrite64:error=EIO'],
    ])('%s', async (_, inject) => {
      const { underTest, probe } = await started()
      await probe.expectFaultIsBorne(() => failCalls(underTest, inject))
      expect(await underTest.findProblems()).toEqual([])
    })

    test('what was confirmed before is there after a crash in the middle of it', async () => {
      const { underTest, probe } = await started()
      const kept = await probe.login()
      await failCalls(underTest, 'pwrite64:error=EIO:when=2+')
      await probe.expectNoLogin()
      await underTest.kill()
      const again = createProbe(await underTest.start(0))
      expect(await again.isActive(kept.access_token)).toBe(true)
      expect(await again.isActive(kept.refresh_token)).toBe(true)
      expect(await underTest.findProblems()).toEqual([])
    })
  },
)

const SIZE = 8 * 1024 * 1024

/** A file system of its own; null: who runs the tests may make none. */
function smallFileSystem(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-full-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'mintkeeper-test', directory])
  if (status === 0) return directory
  rmSync(directory, { recursive: true })
  return null
}

const disk = smallFileSystem()
if (disk !== null) {
  afterAll(() => {
    spawnSync('umount', [disk])
    rmSync(disk, { recursive: true })
  })
}

const NO_MOUNT = ' (only the superuser may mount a small file system; sqlite-failure.test.ts needs none)'

test.skipIf(disk === null)(`T011 a disk that is full${disk === null ? NO_MOUNT : ''}`, async () => {
  const { underTest, probe } = await started(disk ?? '')
  const ballast = join(disk ?? '', 'ballast')
  await probe.expectFaultIsBorne(async () => {
    expect(() => writeFileSync(ballast, Buffer.alloc(SIZE))).toThrow(/ENOSPC/)
    // The log has some left.
    await probe.useUpRoom()
    return async () => rmSync(ballast)
  })
  expect(await underTest.findProblems()).toEqual([])
})
