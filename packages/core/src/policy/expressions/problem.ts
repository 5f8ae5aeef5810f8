/** What is wrong with an expression, at a place inside its text. */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem';
  readonly what: string;
  readonly fix: string;
  readonly line: number;
  readonly column: number;

  constructor(problem: {
    readonly what: string;
    readonly fix: string;
    readonly line: number;
    readonly column: number;
  }) {
    super(problem.what);
    this.what = problem.what;
    this.fix = problem.fix;
    this.line = problem.line;
    this.column = problem.column;
  }
}
