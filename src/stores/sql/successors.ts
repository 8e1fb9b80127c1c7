import type { ClientRow, UserRow } from '../../store/rows.ts'
import type { SuccessorEvents, SuccessorStore } from '../../store/store.ts'
import { pageOf } from '../page.ts'
import { insertClient } from './clients.ts'
import type { Operation, SqlDriver } from './operation.ts'
import { READ_USER, updateUser, userFromColumns } from './users.ts'

const LIST = `select ${READ_USER} from users
  where tenant = ? and id > ? and successor is not null order by id limit ?`

export function sqlSuccessors(driver: SqlDriver): SuccessorStore {
  return {
    insertSuccessor: (client, user, events) => driver.write(() => insertSuccessor(client, user, events)),
    async listUsersWithSuccessor(tenant, after, limit) {
      const rows = await driver.read(LIST, [tenant, after ?? '', limit + 1])
      return pageOf(rows.map(userFromColumns), limit, (user) => user.id)
    },
  }
}

function* insertSuccessor(
  client: ClientRow,
  user: UserRow,
  events: SuccessorEvents | undefined,
): Operation<UserRow> {
  yield* insertClient(client, events?.client)
  return yield* updateUser(user, events?.user)
}
