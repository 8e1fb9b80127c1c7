import type {
  FollowedRow,
  FollowOutcome,
  ImportMark,
  ImportStore,
  KnownRow,
} from '../../store/imported-rows.ts'
import type { ClientRow, UserRow } from '../../store/rows.ts'
import { clientFromColumns, insertClient, READ_CLIENT, updateClient } from './clients.ts'
import { readMany } from './many-rows.ts'
import { change, type Operation, record, type SqlDriver, type SqlRow } from './operation.ts'
import {
  DELETE_LOGIN,
  INSERT_LOGIN,
  loginsOf,
  READ_USER,
  SET_USER,
  userFromColumns,
  userToSet,
} from './users.ts'

const MARK = 'import_mark, case when import_version = version then 1 else 0 end'
const FIND_USERS = (ids: string) =>
  `select ${READ_USER}, ${MARK} from users where tenant = ? and id in (${ids})`
const FOLLOW_USER = `update users set ${SET_USER}, import_mark = ?, import_version = version + 1
  where tenant = ? and id = ? and version = ?`
const FIND_CLIENT = `select ${READ_CLIENT}, ${MARK} from clients where tenant = ? and id = ?`
const MARK_CLIENT = 'update clients set import_mark = ?, import_version = version where tenant = ? and id = ?'

type FollowedRows = Pick<
  ImportStore,
  'findKnownUsers' | 'followUsers' | 'importClient' | 'findKnownClient' | 'followClient'
>

export function sqlFollowedRows(driver: SqlDriver): FollowedRows {
  return {
    async findKnownUsers(tenant, ids) {
      const rows = await readMany(
        driver,
        FIND_USERS,
        [tenant],
        ids.map((id) => [id]),
      )
      return rows.map((columns) => knownRow(userFromColumns(columns), columns))
    },
    followUsers: (users) => driver.write(() => followUsers(users)),
    importClient: (client, mark) => driver.write(() => importClient(client, mark)),
    async findKnownClient(tenant, id) {
      const [columns] = await driver.read(FIND_CLIENT, [tenant, id])
      return columns === undefined ? null : knownRow(clientFromColumns(columns), columns)
    },
    followClient: (client) => driver.write(() => followClient(client)),
  }
}

/** What `MARK` selects comes last. */
function knownRow<Row>(row: Row, columns: SqlRow): KnownRow<Row> {
  const [mark, isUntouched] = columns.slice(-2)
  return { row, mark: mark as ImportMark | null, isUntouched: isUntouched === 1 }
}

function* followUsers(users: readonly FollowedRow<UserRow>[]): Operation<readonly FollowOutcome[]> {
  const outcomes: FollowOutcome[] = []
  for (const user of users) outcomes.push(yield* followUser(user))
  return outcomes
}

/** The new names first, so that all of a refused change can be taken back: nothing but these was written by then. */
function* followUser({ from, to, mark, event }: FollowedRow<UserRow>): Operation<FollowOutcome> {
  const { tenant, id, version } = from
  const [before, after] = [loginsOf(from), loginsOf(to)]
  const claimed: string[] = []
  for (const login of after) {
    if (before.has(login)) continue
    if ((yield* change(INSERT_LOGIN, tenant, login, id)) === 0) return yield* takeBack('name_taken')
    claimed.push(login)
  }
  if ((yield* change(FOLLOW_USER, ...userToSet(to), mark, tenant, id, version)) === 0)
    return yield* takeBack('changed')
  for (const login of before) if (!after.has(login)) yield* change(DELETE_LOGIN, tenant, login, id)
  yield* record(event)
  return 'followed'

  function* takeBack(outcome: FollowOutcome): Operation<FollowOutcome> {
    for (const login of claimed) yield* change(DELETE_LOGIN, tenant, login, id)
    return outcome
  }
}

function* importClient(client: ClientRow, mark: ImportMark): Operation<void> {
  yield* insertClient(client, undefined)
  yield* change(MARK_CLIENT, mark, client.tenant, client.id)
}

function* followClient({ to, mark, event }: FollowedRow<ClientRow>): Operation<void> {
  yield* updateClient(to, event)
  yield* change(MARK_CLIENT, mark, to.tenant, to.id)
}
