/** What is sent where a credential has to be wrong. In letters that need no encoding, and that tell who sent them. */
export const WRONG = 'wrong-value-of-a-surface-check'

/** A user nobody has (RFC 2606 §2: `.invalid`). */
export const NOBODY = 'nobody@surface-check.invalid'
