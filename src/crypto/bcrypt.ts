/**
 * Whether a password fits a bcrypt hash; on a worker thread. Only imported users have such: the add-on is loaded with
 * the first of them.
 */
export async function bcryptCompare(password: string, hash: string): Promise<boolean> {
  const { compare } = await import('@node-rs/bcrypt')
  return await compare(password, hash)
}
