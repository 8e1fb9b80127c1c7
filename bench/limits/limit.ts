/** Work that is done again and again. */
export interface Limit {
  /** Does some of it; how much. */
  work(): Promise<number> | number
  end?(): Promise<void> | void
}
