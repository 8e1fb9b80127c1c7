/** Files of JSON, of which never much is held at once. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitArray } from '../../src/import/array-members.ts'
import { type JsonRecord, readJsonRecords } from '../../src/import/json-records.ts'
import { MAX_RECORD_BYTES } from '../../src/import/source-file.ts'
import { collect, fileOf } from './newstore.ts'

async function recordsOf(content: string | Uint8Array): Promise<readonly JsonRecord[]> {
  const file = await fileOf(content)
  try {
    return await collect(readJsonRecords(file))
  } finally {
    await file.close()
  }
}

const values = (records: readonly JsonRecord[]) =>
  records.map((record) => ('value' in record ? record.value : record.problem))

async function* inPieces(text: string, size: number): AsyncIterable<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function membersOf(text: string, size = 1): Promise<readonly unknown[]> {
  const members = await collect(splitArray(inPieces(text, size)))
  return members.map(({ content }) => ('text' in content ? JSON.parse(content.text) : content.problem))
}

describe('an array', () => {
  test('is split into its members, whatever they are and wherever the pieces of the file end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue()),
        fc.nat(3),
        fc.integer({ min: 1, max: 40 }),
        async (array, space, size) => {
          expect(await membersOf(JSON.stringify(array, null, space), size)).toEqual(
            JSON.parse(JSON.stringify(array)),
          )
        },
      ),
    )
  })

  test('is split at its own commas and brackets, not at those within strings', async () => {
    const array = ['[', '"]', '\\', '\\"', '{}', ',', { 'a,"b': ['}', [[]]] }, '\u2028é😀']
    for (const size of [1, 2, 3, 1000]) expect(await membersOf(JSON.stringify(array), size)).toEqual(array)
    expect(await membersOf(' [ 1 , \r\n 2 ] \n')).toEqual([1, 2])
    expect(await membersOf('[]')).toEqual([])
    expect(await membersOf('[{"a":1},]')).toEqual([{ a: 1 }])
  })

  test('says of each member where it is', async () => {
    const records = await recordsOf('\n[\n {"a":\n 1},\n\n {"a":2}, {"a":3}]')
    expect(records.map(({ place }) => place)).toEqual([
      'entry 1, line 3',
      'entry 2, line 6',
      'entry 3, line 6',
    ])
  })

  test('of which a member is broken still has the others', async () => {
    expect(values(await recordsOf('[{"a":1},{"a":1],{"a" 1},7,null,[1],{"a":2}]'))).toEqual([
      { a: 1 },
      'is no JSON',
      'is no JSON',
      ...Array(3).fill('is no JSON object'),
      { a: 2 },
    ])
  })

  test.each([
    ['[{"a":1},{"a":', /inside of entry 2, which begins in line 1: it was cut off/],
    ['[{"a":1},{"a":"b},\n{"a":2}]', /inside of entry 2, which begins in line 1/],
    ['[{"a":1},', /inside of the array/],
    ['[{"a":1}}', /Line 1: there is a } too many/],
    ['[{"a":1}]\n{"a":2}', /Line 2: there is something after the end/],
    ['[{"a":1}][', /Line 1: there is something after the end/],
  ])('that has no end, or more than one, is refused: %j', async (text, message) => {
    await expect(recordsOf(text)).rejects.toThrow(message)
  })
})

describe('lines', () => {
  test('are records; empty ones are none, and BOM and CRLF are no part of them', async () => {
    const records = await recordsOf('\uFEFF{"a":1}\r\n\r\n  \n{"a":2}\n{"a":3}')
    expect(values(records)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
    expect(records.map(({ place }) => place)).toEqual(['line 1', 'line 4', 'line 5'])
  })

  test('that are broken cost the others nothing, and are not quoted', async () => {
    const records = await recordsOf('{"a":1}\n{"passwordHash":"secret\n"x"\n{"a":2}\n')
    expect(values(records)).toEqual([{ a: 1 }, 'is no JSON', 'is no JSON object', { a: 2 }])
    expect(JSON.stringify(records)).not.toContain('secret')
  })

  test('that are not in UTF-8 are refused', async () => {
    const latin = Buffer.from('{"a":"é"}\n', 'latin1')
    const content = Buffer.concat([Buffer.from('{"a":"é"}\n'), latin, Buffer.from('{"a":2}')])
    expect(values(await recordsOf(content))).toEqual([{ a: 'é' }, 'is not in UTF-8', { a: 2 }])
  })
})

test.each([
  ['an array', '[', ',', ']'],
  ['lines', '', '\n', ''],
])(
  'a record of %s may be long, and one that is too long is passed by',
  async (_name, before, between, after) => {
    const objectOf = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`
    const records = ['{"a":1}', objectOf(MAX_RECORD_BYTES), objectOf(MAX_RECORD_BYTES + 1), '{"a":2}']
    const read = values(await recordsOf(before + records.join(between) + after))
    expect([read[0], read[2], read[3]]).toEqual([{ a: 1 }, 'is longer than 1 MiB', { a: 2 }])
    expect(JSON.stringify(read[1])).toHaveLength(MAX_RECORD_BYTES)
  },
)

test.each([
  [Buffer.from([0x1f, 0x8b, 8, 0]), /compressed: decompress it first \(gunzip\)/],
  [Buffer.from('\uFEFF[]', 'utf16le'), /UTF-16: save it as UTF-8/],
  [Buffer.from('PK\x03\x04'), /archive/],
])('what can not be read as it is, is refused with what to do: %s', async (content, message) => {
  await expect(fileOf(content)).rejects.toThrow(message)
})

test('an empty file has no records', async () => {
  for (const text of ['', '\uFEFF', ' \n\n', '[]']) expect(await recordsOf(text)).toEqual([])
})
