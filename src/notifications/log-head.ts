/** Enough of a hash to find a record by, and too much to make another one with. */
const HASH_DIGITS = 16;

/** `HASH@SEQ` for a reader: as many digits as identify the record; `log verify --head` takes it so, too. */
export function headOf(logHead: string): string {
  const [hash = "", seq = ""] = logHead.split("@");
  return `${hash.slice(0, HASH_DIGITS)}@${seq}`;
}
