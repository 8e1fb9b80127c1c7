import { createHash } from 'node:crypto'
import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import { reportPage } from '../../src/cli/usage/page.ts'
import { readReport, type UsageReport } from '../../src/cli/usage/report.ts'
import { createAdminHarness } from '../admin/harness.ts'
import { addHistory, HOSTILE_AGENT } from '../admin/usage-history.ts'

/** Everything that a page is made of. */
interface Parsed {
  readonly elements: readonly {
    readonly name: string
    readonly attributes: Readonly<Record<string, string>>
  }[]
  /** The texts of all elements of a name. */
  textsOf(name: string): readonly string[]
}

/** A page is well-formed XML, too. Throws if it is not. */
function parse(page: string): Parsed {
  const elements: { name: string; attributes: Record<string, string>; text: string }[] = []
  const open: typeof elements = []
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes: attributes as Record<string, string>, text: '' }
    elements.push(element)
    open.push(element)
  })
  parser.on('closetag', () => void open.pop())
  parser.on('text', (text) => {
    const element = open.at(-1)
    if (element !== undefined) element.text += text
  })
  parser.write(page).close()
  return {
    elements,
    textsOf: (name) => elements.filter((element) => element.name === name).map(({ text }) => text),
  }
}

async function report(): Promise<UsageReport> {
  const harness = await createAdminHarness()
  await harness.user({ id: 'u-batch', username: 'batch', claims: { newstore_id: 'B7' } })
  await harness.user({ id: 'u-robot', username: 'robot@example.com' })
  await harness.client({ id: 'batch-client', name: 'Batch', claims: { newstore_id: 'B7' } })
  await addHistory(harness.store, harness.now() + 9 * 3600)
  harness.advance(9 * 3600)
  return await readReport(harness.operations, 'dodici', {}, 100)
}

test('the page is as it was approved', async () => {
  await expect(reportPage(await report())).toMatchFileSnapshot('fixtures/usage.html')
})

test('the page loads nothing, runs nothing and names nothing outside', async () => {
  const page = reportPage(await report())
  const { elements, textsOf } = parse(page)
  const names = new Set(elements.map(({ name }) => name))
  for (const active of [
    'script',
    'img',
    'a',
    'link',
    'iframe',
    'object',
    'form',
    'input',
    'base',
    'use',
    'image',
  ]) {
    expect(names).not.toContain(active)
  }
  for (const { attributes } of elements) {
    for (const [name, value] of Object.entries(attributes)) {
      expect(name).not.toMatch(/^(on|style|href|src|xlink)/)
      expect(value).not.toMatch(/url\(|:\/\//)
    }
  }
  const metas = elements.filter(({ name }) => name === 'meta').map(({ attributes }) => attributes)
  const policy = metas.find((meta) => meta['http-equiv'] === 'Content-Security-Policy')?.content
  const [style = ''] = textsOf('style')
  const digest = createHash('sha256').update(style).digest('base64')
  expect(policy).toBe(`default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`)
  expect(style).not.toMatch(/url\(|@import/)
})

test('V-53 T152 whatever a caller calls itself is text', async () => {
  const of = await report()
  const [caller] = of.callers
  if (caller === undefined) throw new Error('nobody called')
  const hostile = `${HOSTILE_AGENT}--><svg onload=alert(2)>{{7*7}}\u202e`
  const value = { value: hostile, calls: 1, lastAt: 0 }
  const page = reportPage({
    ...of,
    tenant: HOSTILE_AGENT,
    callers: [
      {
        ...caller,
        username: hostile,
        sources: [value],
        agents: [value],
        refusals: [value],
        successor: { client: hostile, because: 'name' },
      },
      { ...caller, user: null, username: null, client: hostile, clientName: hostile },
    ],
  })
  const { elements, textsOf } = parse(page)
  const shown = hostile.replace('\u202e', '\\u{202e}')
  const cells = textsOf('td')
  expect(cells.filter((text) => text === shown)).toHaveLength(4)
  expect(cells).toContain(`client ${shown}`)
  expect(textsOf('title')[0]).toBe(`Usage of ${HOSTILE_AGENT}`)
  const names = new Set(parse(reportPage(of)).elements.map(({ name }) => name))
  expect(new Set(elements.map(({ name }) => name))).toEqual(names)
  expect(page).not.toContain('\u202e')
})

test('each chart has a title, and a table that says the same', async () => {
  const { elements, textsOf } = parse(reportPage(await report()))
  const charts = elements.filter(({ name }) => name === 'svg')
  expect(charts).toHaveLength(6)
  const ids = elements.flatMap(({ attributes }) => attributes.id ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  for (const { attributes } of charts) {
    expect(attributes.role).toBe('img')
    expect(ids).toContain(attributes['aria-labelledby'])
  }
  expect(elements.filter(({ name }) => name === 'details')).toHaveLength(6)
  expect(textsOf('caption')).toContain('Calls a day: newstore, password')
  expect(textsOf('td')).toEqual(expect.arrayContaining(['2025-12-31', '290']))
  expect(textsOf('td')).toEqual(expect.arrayContaining(['03:00', '20']))
})

test('without any calls there is a page, too', async () => {
  const { operations } = await createAdminHarness()
  const { textsOf } = parse(reportPage(await readReport(operations, 'dodici', {}, 10)))
  expect(textsOf('p')).toContain('Nobody used the password grant or a legacy surface.')
})

test('of many callers the busiest are shown, and how many there are', async () => {
  const { withSuccessor } = await report()
  const harness = await createAdminHarness()
  await addHistory(harness.store, harness.now() + 9 * 3600)
  harness.advance(9 * 3600)
  const few = await readReport(harness.operations, 'dodici', {}, 2)
  expect([few.callersInAll, few.stillDeprecated, withSuccessor, few.withSuccessor]).toEqual([4, 2, 1, 0])
  expect(few.callers.map(({ user }) => user)).toEqual(['u-batch', 'u-app'])
  expect(parse(reportPage(few)).textsOf('p')).toContain('2 more are left out.')
})

test('whoever calls in many ways is counted once', async () => {
  const harness = await createAdminHarness()
  await harness.user({ id: 'u-batch', username: 'batch', claims: { newstore_id: 'B7' } })
  await harness.client({ id: 'batch-client', claims: { newstore_id: 'B7' } })
  const at = harness.now() - 3600
  const hours = [{ hour: at, succeeded: 2, failed: 0, firstAt: at, lastAt: at, expiresIn: 3600 }]
  const ways = [
    { surface: 'newstore', use: 'password', user: 'u-batch', client: null },
    { surface: 'newstore', use: 'refresh_token', user: 'u-batch', client: null },
    { surface: 'spree', use: 'password', user: 'u-batch', client: 'app' },
    { surface: 'spree', use: 'introspection', user: null, client: 'app' },
  ] as const
  await harness.store.addUsage(ways.map((way) => ({ tenant: 'dodici', ...way, hours, facts: [] })))
  const { callersInAll, stillDeprecated, withSuccessor } = await readReport(
    harness.operations,
    'dodici',
    {},
    10,
  )
  expect([callersInAll, stillDeprecated, withSuccessor]).toEqual([4, 2, 1])
})
