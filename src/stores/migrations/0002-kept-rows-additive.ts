import type { SqlWords } from './index.ts'

/**
 * Nodes keep rows of users and clients, as they are read together with their names and the end of all tokens of
 * their tenant: so every change of these is told.
 */
export function keptRows({ announcedRows }: SqlWords): string[] {
  return [
    ...announcedRows('clients'),
    ...announcedRows('users'),
    ...announcedRows('user_logins'),
    ...announcedRows('facts', (row) => `starts_with(${row}.name, 'tokens_valid_after/')`),
  ]
}
