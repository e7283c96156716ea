/** One message as a person sees it, made by the code that makes it, from inputs that stand for all of their kind. */
export interface Shown {
  /** Who sees it, or where: one heading in the list. */
  readonly group: string;
  /** What it is about. */
  readonly name: string;
  readonly text: string;
  /** Nothing is left to be done about it, or others say what: an end, a fact of the log, words for the users. */
  readonly isNews?: true;
}
