/** What the executor of documents finds wrong, by documents in which it is. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTemporaryDirectory } from '../embed/program.ts'
import { executeDocument } from './execute.ts'

/** A document of blocks; its lines are counted from 1, and each fence is one. */
async function execute(...blocks: readonly string[]): Promise<void> {
  const text = blocks.map((block) => `${block}\n`.replaceAll('~~~', '```')).join('')
  await executeDocument({ name: 'docs/guide/plan.md', text })
}

function witness(): string {
  const directory = createTemporaryDirectory()
  onTestFinished(() => directory.remove())
  return join(directory.path, 'witness')
}

function sh(...lines: readonly string[]): string {
  return ['~~~sh', ...lines, '~~~'].join('\n')
}

function text(...lines: readonly string[]): string {
  return ['~~~text', ...lines, '~~~'].join('\n')
}

test('blocks share a directory, variables and functions', async () => {
  await execute(
    sh('NAME=ann', 'greet() { echo "hello $1"; }', 'echo kept > file'),
    'Some words.',
    sh('greet $NAME', 'cat file'),
    text('hello ann', 'kept'),
  )
})

test('a command that fails in the middle ends it, and is named with its document and line', async () => {
  const seen = witness()
  const document = [sh('echo first'), sh('echo second', `sh -c 'exit 3'`, 'echo third'), sh(`touch ${seen}`)]
  await expect(execute(...document)).rejects.toThrow(
    /^docs\/guide\/plan\.md:6: exits with 3: sh -c 'exit 3'\n\nsecond\n$/,
  )
  expect(existsSync(seen)).toBe(false)
})

test.each([
  [
    'a function of an earlier block',
    [sh('fail() {', '  false', '}'), sh('fail')],
    'plan.md:3: exits with 1: false',
  ],
  ['a pipe', [sh('cat nothing | sort')], 'plan.md:2: exits with 1: cat nothing | sort'],
  ['a substitution', [sh('X=$(cat nothing)')], 'plan.md:2: exits with 1: X=$(cat nothing)'],
])('a command fails in %s, too', async (_, document, message) => {
  await expect(execute(...document)).rejects.toThrow(message)
})

test('the log of a server tells why a command failed', async () => {
  const document = sh('echo "no such database" > mintkeeper.log & wait', 'false')
  await expect(execute(document)).rejects.toThrow(
    /plan\.md:3: [\s\S]*\nmintkeeper\.log:\nno such database\n$/,
  )
})

test('a step that is missing is noticed by the one that needs it', async () => {
  const document = [sh('TOKEN=abc'), sh('curl=$(command -v curl)', 'echo $TOKEN')]
  await execute(...document)
  await expect(execute(...document.slice(1))).rejects.toThrow(
    'plan.md:3: exits with 1: echo $TOKEN\n\nplan.md: line 3: TOKEN: unbound variable\n',
  )
})

test('another output is shown with the line of the document and what was printed', async () => {
  const document = [sh('printf "%s\\n" one two three'), text('one', '2', 'three')]
  await expect(execute(...document)).rejects.toThrow(
    'plan.md:6: is not what the block of line 1 prints\n  document: 2\n  printed:  two\n',
  )
})

test('an error that is answered is wrong where the document does not show it', async () => {
  const refusal = `echo '{"error":"invalid_grant"}'`
  await execute(sh(refusal), text('{"error":"…"}'))
  await expect(execute(sh(refusal))).rejects.toThrow(
    'plan.md:1: prints an error that the document does not show',
  )
})

test('what is left in the background ends with the document', async () => {
  const seen = witness()
  await execute(sh(`sleep 600 & echo $! > ${seen}`))
  expect(() => process.kill(Number(readFileSync(seen, 'utf8')), 0)).toThrow('ESRCH')
})
