import { legacyPasswordHash } from '../../crypto/password-legacy.ts'

/** How the shop's Devise makes password hashes. */
export interface SpreePasswords {
  /** Of hashes that are not bcrypt: Spree's own, or one of devise-encryptable that the shop has configured. */
  readonly encryptor: SpreeEncryptor
  /** How often they hash; null: Spree's counts, of which each is tried. */
  readonly stretches: readonly number[] | null
  /** `config.pepper`; null: none. Spree's own hashes have none in any case. */
  readonly pepper: string | null
}

export const SPREE_ENCRYPTORS = ['authlogic_sha512', 'sha512', 'sha1'] as const

export type SpreeEncryptor = (typeof SPREE_ENCRYPTORS)[number]

/** Devise's default. */
const DEVISE_STRETCHES = 10

/** The hash to store; null: the user has no password. Throws an Error for one that could never be verified. */
export function passwordHashOf(
  encrypted: string | null,
  salt: string | null,
  { encryptor, stretches, pepper }: SpreePasswords,
): string | null {
  if (encrypted === null || encrypted === '') return null
  if (encrypted.startsWith('$2')) return legacyPasswordHash.bcrypt(encrypted, pepper)
  const [count = DEVISE_STRETCHES] = stretches ?? []
  switch (encryptor) {
    case 'authlogic_sha512':
      return legacyPasswordHash.authlogicSha512(encrypted, salt ?? '', stretches ?? undefined)
    case 'sha512':
      return legacyPasswordHash.deviseSha512(encrypted, salt ?? '', count, pepper)
    case 'sha1':
      return legacyPasswordHash.deviseSha1(encrypted, salt ?? '', count, pepper)
  }
}
