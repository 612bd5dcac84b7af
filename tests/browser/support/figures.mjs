// A reporter that prints, at the end, what tests measured: their annotations of the type "figure".
export default class Figures {
  lines = [];

  onTestEnd(_, result) {
    const figures = result.annotations.filter(({ type }) => type === "figure");
    this.lines.push(...figures.map(({ description }) => `  ${description}`));
  }

  onEnd() {
    if (this.lines.length > 0) console.log(`\n${this.lines.join("\n")}`);
  }

  printsToStdio() {
    return false;
  }
}
