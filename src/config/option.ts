import { z } from 'zod'
import type { Secret } from '../protocol/secret.ts'

/** What the reference page and `--help` say about an option. */
export interface OptionDocumentation {
  /** One sentence. */
  readonly sentence: string
  /** What a value is, with its unit: `seconds`, `list of scopes`. */
  readonly type: string
  /** How the default reads; `required` if there is none. */
  readonly default: string
}

/** Every value and list inside is read-only; secrets stay what they are. */
export type Immutable<T> = T extends Secret
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Immutable<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Immutable<T[Key]> }
      : T

/** The keys of a mapping, in the order the reference page lists them. */
export type Shape = Readonly<Record<string, z.ZodType>>

export function documented<Schema extends z.ZodType>(
  schema: Schema,
  documentation: OptionDocumentation,
): Schema {
  return schema.meta({ ...documentation })
}

/** Throws for a schema that was not `documented`: an option without a sentence is a bug. */
export function requireDocumentation(name: string, schema: z.ZodType): OptionDocumentation {
  const { sentence, type, default: fallback } = schema.meta() ?? {}
  if (typeof sentence !== 'string' || typeof type !== 'string' || typeof fallback !== 'string') {
    throw new Error(`Option ${name} is not documented`)
  }
  return { sentence, type, default: fallback }
}

/** A single value. `problemOf` gives the sentence that refuses it, or null. */
export function leafOf<T>(problemOf: (value: unknown) => string | null): z.ZodCustom<T, T> {
  return z.custom<T>().check((payload) => {
    const message = payload.value === undefined ? 'is missing' : problemOf(payload.value)
    if (message !== null) payload.issues.push({ code: 'custom', message, input: payload.value })
  })
}

/** A value that may be left out, and is null then. */
export function orNull<Schema extends z.ZodType>(schema: Schema) {
  return schema.optional().transform((value) => value ?? null)
}

/** A mapping with these keys and no others. */
export function mappingOf<S extends Shape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: ({ code, input }) =>
      code === 'invalid_type' ? expected('a mapping of keys to values', input) : undefined,
  })
}

export function listOf<Item extends z.ZodType>(item: Item): z.ZodArray<Item> {
  return z.array(item, { error: ({ input }) => expected('a list', input) })
}

/** A list in which nothing stands twice. */
export function setOf<Item extends z.ZodType>(item: Item): z.ZodArray<Item> {
  return listOf(item).check((payload) => {
    payload.value.forEach((value, index) => {
      if (payload.value.indexOf(value) === index) return
      payload.issues.push({
        code: 'custom',
        message: 'stands in the list twice',
        input: value,
        path: [index],
      })
    })
  })
}

/** The known keys of the mapping at `path`, or null if no mapping belongs there. */
export function shapeAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): Shape | null {
  if (schema instanceof z.ZodPipe) return shapeAt(schema.in, path)
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return shapeAt(schema.def.innerType, path)
  }
  const [key, ...rest] = path
  if (schema instanceof z.ZodArray) return typeof key === 'number' ? shapeAt(schema.element, rest) : null
  if (!(schema instanceof z.ZodObject)) return null
  if (key === undefined) return schema.shape
  const member = typeof key === 'string' && Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined
  return member === undefined ? null : shapeAt(member, rest)
}

/** `must be …`, with a hint about the two mistakes YAML makes easy. */
export function expected(what: string, value: unknown): string {
  if (value === undefined) return 'is missing'
  if (value === null) return `is empty: it must be ${what}, or the key left out`
  return `must be ${what}`
}
