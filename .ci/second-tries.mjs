/** A reporter that names the tests that failed first and passed when they were tried again, so that none is overlooked. */
export default class SecondTries {
  #names = [];

  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky)
      this.#names.push(`${test.module.relativeModuleId}: ${test.fullName}`);
  }

  onTestRunEnd() {
    for (const name of this.#names) console.log(`passed at its second try: ${name}`);
  }
}
