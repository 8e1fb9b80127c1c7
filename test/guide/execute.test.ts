/** What the executor of documents finds wrong, by documents in which it is. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTemporaryDirectory } from '../embed/program.ts'
import { type Document, executeDocument } from './execute.ts'

/** A document of blocks; its lines are counted from 1, and each fence is one. */
async function execute(...blocks: readonly string[]): Promise<void> {
  await executeDocument(documentOf(blocks))
}

function documentOf(blocks: readonly string[]): Document {
  return {
    name: 'docs/guide/plan.md',
    text: blocks.map((block) => `${block}\n`.replaceAll('~~~', '```')).join(''),
  }
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
  ['what is left of an exit', [sh('exit 0', 'false')], 'plan.md:2: exits with 0'],
  [
    'the argument of another',
    [sh('echo "$(cat nothing)"')],
    'plan.md:2: fails unheard: echo "$(cat nothing)"',
  ],
  ['what is exported', [sh('true', 'export X=$(false)')], 'plan.md:3: fails unheard: export X=$(false)'],
  ['a here-document without an end', [sh('true', 'cat > file <<END', 'text')], 'plan.md:4: bash warns: text'],
  ['a quotation without an end', [sh('echo "text')], 'plan.md:2: exits with'],
  ['a list', ['1. Do:\n\n   ~~~sh\n   false\n   ~~~'], 'plan.md:4: exits with 1: false'],
  ['what begins with npm', [sh('npm --version', 'false')], 'plan.md:3: exits with 1: false'],
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

test('a failure that is meant is none', async () => {
  await execute(
    sh('false || true', 'if cat nothing; then echo yes; fi', '! false', 'X=$(false || echo no)', 'echo $X'),
  )
})

test('the output of what runs in a terminal of its own is not claimed to be looked at', async () => {
  for (const command of ['mintkeeper serve', 'npm cit']) {
    await expect(execute(sh(command), text('anything'))).rejects.toThrow('plan.md:4: nobody looks at what')
  }
})

test('what others do meanwhile comes before a command below the heading', async () => {
  const seen = witness()
  const meanwhile = async () => writeFileSync(seen, '')
  const document = documentOf(['# One', sh(`test ! -e ${seen}`), '# Two', sh(`test -e ${seen}`), '# Three'])
  await executeDocument(document, {}, { '# Two': meanwhile })
  expect(existsSync(seen)).toBe(true)
})

test('what others would do where there is no command is no part of a document', async () => {
  const document = documentOf(['# One', sh('true'), '# Two'])
  for (const heading of ['# Two', '# Three']) {
    await expect(executeDocument(document, {}, { [heading]: async () => {} })).rejects.toThrow(heading)
  }
})

test('what a document is told and does not name is refused', async () => {
  const document = documentOf(['Where it is: `HERE`.', sh('echo $HERE $THERE')])
  await executeDocument(document, { HERE: '/', THERE: '/' }).catch(() => {})
  await expect(executeDocument(document, { HERE: '/', THERE: '/' })).rejects.toThrow(
    'does not say what THERE is',
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
