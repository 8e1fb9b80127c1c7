import { expect, test } from 'vitest'
import { type KeptTable, keepRows, tablesChangedBy } from '../../src/stores/sql/kept-rows.ts'

/** Rows that count how often they were read, over a table whose generation the test sets. */
function fixture() {
  const state: { generation: number | null } = { generation: 1 }
  const reads: string[] = []
  const find = keepRows(
    'clients',
    (table: KeptTable) => (table === 'clients' ? state.generation : 0),
    async (tenant, name) => {
      reads.push(`${tenant}/${name}`)
      return name === 'nobody' ? null : { name, generation: state.generation }
    },
  )
  return { state, reads, find }
}

test('a row is read once, until its table changes', async () => {
  const { state, reads, find } = fixture()
  await find('acme', 'shop')
  expect(await find('acme', 'shop')).toEqual({ name: 'shop', generation: 1 })
  expect(reads).toEqual(['acme/shop'])
  state.generation = 2
  expect(await find('acme', 'shop')).toEqual({ name: 'shop', generation: 2 })
})

test('rows of one name in two tenants are two', async () => {
  const { reads, find } = fixture()
  await find('acme', 'shop')
  await find('other', 'shop')
  expect(reads).toEqual(['acme/shop', 'other/shop'])
})

test('what is not there is asked for again', async () => {
  const { reads, find } = fixture()
  for (let count = 0; count < 3; count++) expect(await find('acme', 'nobody')).toBeNull()
  expect(reads).toHaveLength(3)
})

test('nothing is kept, and nothing kept is used, while changes can not be told', async () => {
  const { state, reads, find } = fixture()
  await find('acme', 'shop')
  state.generation = null
  await find('acme', 'shop')
  await find('acme', 'shop')
  expect(reads).toHaveLength(3)
  state.generation = 1
  await find('acme', 'shop')
  expect(reads).toHaveLength(4)
})

test('what was read before a change and arrives after it is not kept, whoever else has asked meanwhile', async () => {
  let generation = 1
  const answers: Array<(row: object) => void> = []
  const find = keepRows<object>(
    'users',
    () => generation,
    () => new Promise((resolve) => answers.push(resolve)),
  )
  const old = { is: 'old' }
  const slow = find('acme', 'anna')
  generation = 2
  const other = find('acme', 'berta')
  answers[0]?.(old)
  answers[1]?.({ is: 'another' })
  await Promise.all([slow, other])
  const again = find('acme', 'anna')
  answers[2]?.({ is: 'new' })
  expect(await again).toEqual({ is: 'new' })
})

test('of very many rows only the latest are kept', async () => {
  const { reads, find } = fixture()
  for (let index = 0; index < 12_000; index++) {
    await find('acme', `client-${index}`)
    await find('acme', 'busy')
  }
  expect(reads.filter((name) => name === 'acme/busy')).toHaveLength(1)
  reads.length = 0
  await find('acme', 'client-11999')
  await find('acme', 'client-0')
  expect(reads).toEqual(['acme/client-0'])
})

test.each([
  ['update clients set name = ?', ['clients']],
  ['insert into users (tenant) values (?)', ['users']],
  ['delete from user_logins where login = ?', ['users']],
  ['delete from users where id = ? returning tenant', ['users']],
  ["insert into facts (name, value) values ('tokens_valid_after/' || ?, ?)", ['clients', 'users']],
  ['insert into facts (name, value) values (?, ?)', []],
  ['update tokens set revoked_at = ?', []],
  ['select id from users', []],
])('%s', (sql, tables) => {
  expect(tablesChangedBy(sql)).toEqual(tables)
})
