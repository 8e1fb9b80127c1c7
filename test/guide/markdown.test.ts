import { expect, test } from 'vitest'
import { readBlocks } from './markdown.ts'

function read(...lines: readonly string[]) {
  return readBlocks(lines.join('\n'))
}

test('blocks have their language, text and line', () => {
  expect(read('Text.', '```sh', 'one', '', 'two', '```', '```yaml', '```')).toEqual([
    { language: 'sh', text: 'one\n\ntwo\n', line: 2, expected: null },
    { language: 'yaml', text: '', line: 7, expected: null },
  ])
})

test('the text block that follows at once is what a command prints', () => {
  const output = { language: 'text', text: 'two\n', line: 5, expected: null }
  expect(read('```sh', 'one', '```', '', '```text', 'two', '```')[0]?.expected).toEqual(output)
})

test.each([
  ['is of another language', ['```sh', '```', '```yaml', '```']],
  ['comes after words', ['```sh', '```', 'Words.', '```text', '```']],
  ['comes after what is no command', ['```yaml', '```', '```text', '```']],
  ['is the second', ['```text', '```', '```text', '```']],
])('a block that %s is no output', (_, lines) => {
  for (const { expected } of read(...lines)) expect(expected).toBeNull()
})

test('a block in a list is one without its indentation', () => {
  expect(read('1. Do:', '', '   ```sh', '   one <<END', '     two', '   END', '   ```')).toMatchObject([
    { language: 'sh', text: 'one <<END\n  two\nEND\n', line: 3 },
  ])
})

test.each([
  ['with more behind it', ['```sh title', '```'], 'sh title'],
  ['of tildes', ['~~~bash', '~~~'], 'bash'],
  ['that is longer than one within', ['````md', '```sh', '```', '````'], 'md'],
])('a fence %s is no other than it says', (_, lines, language) => {
  expect(read(...lines).map((block) => block.language)).toEqual([language])
})

test.each([
  ['has no end', ['', '```sh', 'one'], 'line 2: the block has no end'],
  ['ends with another fence', ['```sh', '~~~'], 'line 1: the block has no end'],
  [
    'begins behind something else',
    ['> ```sh', '> one', '> ```'],
    'line 1: is no fence that is read: > ```sh',
  ],
])('a block that %s is refused', (_, lines, message) => {
  expect(() => read(...lines)).toThrow(message)
})
