import type { KeyResource } from '../admin/operations/keys.ts'
import { table } from './table.ts'
import { timeOr, timeText } from './time-text.ts'

export function keyTable(keys: readonly KeyResource[]): string {
  return table<KeyResource>(
    [
      { title: 'kid', value: ({ kid }) => kid },
      { title: 'algorithm', value: ({ algorithm }) => algorithm },
      { title: 'state', value: ({ state }) => state },
      { title: 'use', value: useOf },
      { title: 'created', value: ({ createdAt }) => timeText(createdAt) },
      { title: 'gone', value: ({ goneAt }) => timeOr(goneAt, '') },
    ],
    keys,
    'There are no signing keys. The server makes them when it starts.',
  )
}

function useOf({ state, verifyOnly }: KeyResource): string {
  if (state === 'withdrawn') return 'none'
  return verifyOnly ? 'verifies' : 'signs'
}
