import { GRANT_TYPES } from '../../protocol/token.ts'
import type { ImportedClient } from '../import.ts'
import { Unreadable } from '../unreadable.ts'
import type { CsvColumns } from './table.ts'
import { isYes, listOf } from './values.ts'

export const CLIENT_COLUMNS: CsvColumns = {
  names: ['id', 'name', 'secret', 'secret_hash', 'public', 'grants', 'scopes'],
  prefixes: [],
  required: [['id']],
}

/** Throws `Unreadable`. */
export function readClient(fields: ReadonlyMap<string, string>): ImportedClient {
  const id = fields.get('id')
  if (id === undefined) throw new Unreadable('has no id')
  const text = fields.get('secret')
  const hash = fields.get('secret_hash')
  if (text !== undefined && hash !== undefined) throw new Unreadable('has both secret and secret_hash')
  const grants = listOf(fields, 'grants').map((name) => {
    const grant = GRANT_TYPES.find((each) => each === name)
    if (grant === undefined) throw new Unreadable(`has a grant that is none of ${GRANT_TYPES.join(', ')}`)
    return grant
  })
  return {
    id,
    name: fields.get('name') ?? null,
    public: isYes(fields, 'public'),
    secret: text !== undefined ? { text } : hash !== undefined ? { hash } : null,
    grants,
    scopes: listOf(fields, 'scopes'),
    createdAt: null,
  }
}
