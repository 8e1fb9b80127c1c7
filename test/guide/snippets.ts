/** The TypeScript of a document: each block as the program it stands for. */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../embed/program.ts'
import type { Block } from './markdown.ts'

export interface Snippet {
  /** Document and line. */
  readonly name: string
  readonly text: string
  /** Whether it has a Mintkeeper in it, and so can be run; others are parts of programs. */
  readonly isProgram: boolean
}

/** A block that makes a Mintkeeper is the beginning of the blocks after it that do not. */
export function snippetsOf(document: string, blocks: readonly Block[]): readonly Snippet[] {
  let beginning = ''
  return blocks
    .filter(({ language }) => language === 'ts')
    .map(({ text, line }) => {
      const makes = text.includes('createMintkeeper(')
      const uses = /\bmintkeeper\b/.test(text.replaceAll("'mintkeeper'", ''))
      if (makes) beginning = text
      return {
        name: `${document}:${line}`,
        text: makes || !uses ? text : `${beginning}\n${text}`,
        isProgram: makes || uses,
      }
    })
}

const run = promisify(execFile)

/** What the compiler has to say about the snippets; the project's own strictness, but for what only parts lack. */
export async function typeErrorsOf(snippets: readonly Snippet[]): Promise<readonly string[]> {
  // Inside the checkout, where its packages are found.
  const directory = join(ROOT, 'node_modules', '.cache', 'mintkeeper-snippets')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const [index, { text }] of snippets.entries()) writeFileSync(join(directory, `${index}.mts`), text)
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: { noUnusedLocals: false, paths: { mintkeeper: ['../../../src/index.ts'] } },
    files: snippets.map((_, index) => `${index}.mts`),
    exclude: [],
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config))
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = await run(process.execPath, [compiler, '-p', directory, '--pretty', 'false'], {
    cwd: directory,
  }).catch((error: { stdout: string }) => error)
  return stdout
    .split('\n')
    .filter((line) => /^\d+\.mts/.test(line))
    .map((line) => line.replace(/^\d+(?=\.mts)/, (index) => snippets[Number(index)]?.name ?? index))
}
