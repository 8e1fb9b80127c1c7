import { describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/program.ts'
import { card, printable, table } from '../../src/cli/table.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

interface Row {
  readonly name: string
  readonly count: number
}

const COLUMNS = [
  { title: 'name', value: ({ name }: Row) => name },
  { title: 'count', value: ({ count }: Row) => String(count), align: 'right' as const },
]

describe('a table', () => {
  it('has its titles above, columns as wide as their widest cell, and no spaces at the ends of lines', () => {
    const rows = [
      { name: 'a', count: 7 },
      { name: 'longer', count: 12345 },
    ]
    expect(table(COLUMNS, rows, 'None.')).toBe('NAME    COUNT\na           7\nlonger  12345\n')
  })

  it('says so if there are no rows', () => {
    expect(table(COLUMNS, [], 'There are none.')).toBe('There are none.\n')
  })

  it('counts characters, not the units they are stored in', () => {
    expect(table(COLUMNS, [{ name: '🛒🛒', count: 1 }], '')).toBe('NAME  COUNT\n🛒🛒        1\n')
  })

  it('lets no cell move the cursor, end the line or turn it round', () => {
    const text = table(COLUMNS, [{ name: 'a\u001b[2J\nb\u202ec\u2028d\u0085', count: 1 }], '')
    expect(text.split('\n')).toHaveLength(3)
    expect(text).toContain('a\\u{1b}[2J\\u{a}b\\u{202e}c\\u{2028}d\\u{85}')
  })
})

describe('a card', () => {
  it('has a pair a line and leaves out what is not there', () => {
    const text = card([
      ['id', 'x'],
      ['name', null],
      ['scopes', 'a b'],
    ])
    expect(text).toBe('id      x\nscopes  a b\n')
  })
})

describe('printable', () => {
  it('leaves letters of any script alone', () => {
    expect(printable('Zoë 山田 🛒 é')).toBe('Zoë 山田 🛒 é')
  })

  it('shows half a surrogate pair', () => {
    expect(printable('\ud800')).toBe('\\u{d800}')
  })
})

describe('what a command failed at', () => {
  it.each([
    [['apply', 'gone\u001b[2J\u202e.yaml'], 'gone\\u{1b}[2J\\u{202e}.yaml'],
    [['user', 'show', 'a', '--\u001b[2J'], "unknown option '--\\u{1b}[2J'"],
  ])('moves no cursor, whoever gave the name', async (args, shown) => {
    let said = ''
    const note = (text: string) => {
      said += text
    }
    const terminal: Terminal = { env: {}, out: note, note, read: async () => '', isWatched: false }
    await runCommandLine(args, terminal)
    expect(said).toContain(shown)
    expect(said).not.toMatch(/[^\n\P{Cc}]|\p{Cf}/u)
  })
})
