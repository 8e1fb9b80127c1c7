import fc from 'fast-check'
import { SURFACES } from '../../src/surfaces/index.ts'

export interface Target {
  readonly surface: (typeof SURFACES)[number]['name']
  readonly endpoint: string
  readonly method: string
  readonly path: string
}

/** Every path of every route there is. */
export const TARGETS: readonly Target[] = SURFACES.flatMap(({ name, routes }) =>
  routes.flatMap(({ endpoint, method, paths }) =>
    paths.map((path) => ({ surface: name, endpoint, method, path })),
  ),
)

/** Stands in values, paths, queries and headers: no answer's header may ever have it. */
export const MARKER = 'zQx7Marker'

/** The address of a network of its own: guessing from one is limited, and that is tested elsewhere. */
export function sourceOf(request: number): string {
  return `2001:db8:${(request >>> 16).toString(16)}:${(request & 0xffff).toString(16)}::1`
}

/** Nine times out of ten the one value, else another. */
export function often<T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other })
}
