import { expect, test } from 'vitest'
import { createHashBook } from '../../src/import/auth0/hash-book.ts'

test('a book has the hash of each id that was added, and of no other, across its chunks', () => {
  const book = createHashBook()
  expect(book.find('auth0|0')).toBeNull()
  const hashOf = (index: number) => `$2b$10$${String(index).padStart(53 - (index % 3), '.')}`
  for (let index = 0; index < 70_000; index++) book.add(`auth0|${index}`, hashOf(index))
  book.add('long', `$argon2id$${'x'.repeat(100)}`)
  for (const index of [0, 1, 65_535, 65_536, 69_999]) expect(book.find(`auth0|${index}`)).toBe(hashOf(index))
  for (let index = 0; index < 70_000; index += 97) expect(book.find(`auth0|${index}`)).toBe(hashOf(index))
  expect([book.find('long')?.length, book.find('auth0|70000'), book.find(''), book.size()]).toEqual([
    110,
    null,
    null,
    70_001,
  ])
})
