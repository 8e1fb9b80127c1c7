import * as fs from 'node:fs'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { loadMasterKey } from '../../src/crypto/master-key.ts'
import { createMasterKey, deriveKey, type MasterKey } from '../../src/crypto/seal.ts'
import { newDirectory } from '../directory.ts'

vi.mock('node:fs', { spy: true })

const TEXT = Buffer.alloc(32, 9).toString('base64')
const hex = (key: MasterKey) => deriveKey(key, 'test').toString('hex')
const expected = hex(createMasterKey(TEXT))

let directory: string
beforeEach(() => {
  directory = newDirectory()
})

describe('loadMasterKey', () => {
  it('takes a value, or a file that holds one', () => {
    const file = join(directory, 'key')
    writeFileSync(file, `${TEXT}\n`)
    expect(hex(loadMasterKey({ value: TEXT }))).toBe(expected)
    expect(hex(loadMasterKey({ file }))).toBe(expected)
    expect(hex(loadMasterKey({ generateAt: file }))).toBe(expected)
  })

  it('makes no file when a value or a file is given', () => {
    const file = join(directory, 'key')
    writeFileSync(file, TEXT)
    loadMasterKey({ value: TEXT, generateAt: join(directory, 'generated') })
    loadMasterKey({ file, generateAt: join(directory, 'generated') })
    expect(readdirSync(directory)).toEqual(['key'])
  })

  it('generates a key that only its owner may read, once', () => {
    const file = join(directory, 'new', 'deep', 'key')
    const first = hex(loadMasterKey({ generateAt: file }))
    const text = readFileSync(file, 'utf8')
    expect(Buffer.from(text, 'base64')).toHaveLength(32)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(directory, 'new', 'deep'))).toEqual(['key'])
    expect(hex(loadMasterKey({ generateAt: file }))).toBe(first)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('generates one where the file system knows no hard links, and never over a file', () => {
    vi.mocked(fs.linkSync).mockImplementation(() => {
      throw Object.assign(new Error('no links'), { code: 'EPERM' })
    })
    const file = join(directory, 'key')
    const first = hex(loadMasterKey({ generateAt: file }))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['key'])
    expect(hex(loadMasterKey({ generateAt: file }))).toBe(first)
    // Another process makes the file after this one has looked.
    const late = join(directory, 'late')
    vi.mocked(fs.linkSync).mockImplementation(() => {
      writeFileSync(late, TEXT)
      throw Object.assign(new Error('no links'), { code: 'EPERM' })
    })
    expect(hex(loadMasterKey({ generateAt: late }))).toBe(expected)
    vi.mocked(fs.linkSync).mockReset()
  })

  it('generates another key each time', () => {
    const keys = ['a', 'b', 'c'].map((name) => hex(loadMasterKey({ generateAt: join(directory, name) })))
    expect(new Set(keys).size).toBe(3)
  })

  it('lets those who start at once agree on one key', async () => {
    const files = Array.from({ length: 60 }, (_, index) => join(directory, `key${index}`))
    const threads = 4
    const shared = new SharedArrayBuffer(4 * files.length)
    const answers = await Promise.all(
      Array.from({ length: threads }, async () => {
        const worker = new Worker(new URL('fixtures/load-master-key.ts', import.meta.url), {
          workerData: { files, threads, shared },
        })
        return new Promise<string[]>((resolve, reject) =>
          worker.once('message', resolve).once('error', reject),
        )
      }),
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(answers[0]).toEqual(files.map((generateAt) => hex(loadMasterKey({ generateAt }))))
    expect(readdirSync(directory)).toHaveLength(files.length)
  })
})

describe('loadMasterKey tells the operator', () => {
  it('that there is none', () => {
    expect(() => loadMasterKey({})).toThrow(/no master key\. Make one with: openssl rand/)
  })

  it('that there are two', () => {
    expect(() => loadMasterKey({ value: TEXT, file: join(directory, 'key') })).toThrow(
      /given twice.*Remove one/,
    )
  })

  it('that the value is too short, an empty one too', () => {
    expect(() => loadMasterKey({ value: 'abc' })).toThrow(/32 bytes or more/)
    expect(() => loadMasterKey({ value: '', generateAt: join(directory, 'key') })).toThrow(/32 bytes or more/)
  })

  it('which file is missing, and does not make it', () => {
    const file = join(directory, 'key')
    expect(() => loadMasterKey({ file })).toThrow(`${file} can not be read (ENOENT)`)
    expect(readdirSync(directory)).toEqual([])
  })

  it('which file holds no key, and leaves it as it is', () => {
    const file = join(directory, 'key')
    for (const text of ['', 'changeme\n', '\x00\x01']) {
      writeFileSync(file, text)
      expect(() => loadMasterKey({ generateAt: file })).toThrow(`${file} holds no master key`)
      expect(readFileSync(file, 'utf8')).toBe(text)
    }
  })

  it('which file can not be made', () => {
    const file = join(directory, 'no-directory', 'key')
    writeFileSync(join(directory, 'no-directory'), '')
    expect(() => loadMasterKey({ generateAt: file })).toThrow(`${file} can not be`)
  })

  it.skipIf(process.getuid?.() === 0)('which file it may not read', () => {
    const file = join(directory, 'key')
    writeFileSync(file, TEXT)
    chmodSync(file, 0o000)
    expect(() => loadMasterKey({ file })).toThrow(/EACCES.*may read it/)
  })
})
