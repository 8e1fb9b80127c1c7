/** Links between the pages of the project lead somewhere: to a file, and where they say so, to a heading in it. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const PAGES = globSync(['*.md', 'docs/**/*.md', 'bench/*.md', 'examples/**/*.md', 'deploy/**/*.md'], {
  cwd: ROOT,
})

const LINK = /\]\(([^)\s]+)\)/g
const ELSEWHERE = /^[a-z][a-z+.-]*:/i

/** Without blocks of code, in which nothing is a link or a heading. */
function proseOf(path: string): string {
  return readFileSync(path, 'utf8').replaceAll(/^ *```.*?^ *```/gms, '')
}

/** As GitHub names them: letters, digits, `_` and `-` in lower case, spaces become `-`. */
function anchorsOf(path: string): readonly string[] {
  return [...proseOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test.each(PAGES)('%s', (page) => {
  const path = join(ROOT, page)
  const dead = [...proseOf(path).matchAll(LINK)].filter(([, link = '']) => {
    if (ELSEWHERE.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : join(dirname(path), file)
    if (!existsSync(target)) return true
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor)
  })
  expect(dead.map(([, link]) => link)).toEqual([])
})

test('there are pages', () => {
  expect(PAGES.length).toBeGreaterThan(20)
})
