/** Nobody has a longer name; what is longer counts as its beginning. In UTF-16 units. */
const LONGEST_NAME = 1024

/**
 * A name somebody logged in with, such that all spellings of it are one text: in full width or with letters that look
 * alike (NFKC), in either case, with accents or without, with white space around it or what nobody can see in it.
 * Different names may become one: it is good for counting attempts, and for nothing else.
 */
export function foldedLogin(login: string): string {
  return login
    .slice(0, LONGEST_NAME)
    .normalize('NFKD')
    .replaceAll(/[\p{Mark}\p{Default_Ignorable_Code_Point}\p{Control}]/gu, '')
    .toUpperCase()
    .normalize('NFKC')
    .trim()
}
