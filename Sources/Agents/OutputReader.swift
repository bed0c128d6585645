import OrchProtocol

extension AgentDefinition {
    /// Reads the output of an attempt.
    ///
    /// A success is an exit status of 0, or a program that had to be ended after a whole result, *and* an answer that is not blank
    /// and not a part of one, *and* no word of an error where the definition knows one.
    public func report(on printed: AgentOutput, at time: ReadingTime) -> AgentReport {
        let finds = finds(in: printed)
        var report = AgentReport(isWhole: finds.isWhole)
        report.usage = usage(in: finds.output, printed)
        let answer = answer(in: finds.output, printed)
        report.text = answer.text
        let error = error(in: finds.output, printed)
        let hasEndedWell = printed.exit == 0 || (printed.exit == nil && finds.isWhole)
        let isGood = hasEndedWell && error == nil && !answer.isBlank && finds.flaw == nil
        let evidence = evidence(finds.output, error, printed)
        let known = rule(for: evidence, printed.exit, isGood: isGood)
        guard !isGood || known != nil else { return report }
        report.failure = failure(known, error, evidence, printed, finds.flaw, at: time)
        report.stderrTail = report.failure == nil ? stderrTail(in: finds.output, printed) : nil
        return report
    }

    /// Whether the output holds a whole result, so that nothing more need be waited for.
    public func isWhole(_ printed: AgentOutput) -> Bool { output.showsItsEnd && finds(in: printed).isWhole }

    // MARK: What is there

    /// - Returns: no text where the answer is the output as it is.
    private func answer(in output: OutputText, _ printed: AgentOutput) -> (text: String?, isBlank: Bool) {
        guard self.output.format == .text else {
            let text = self.output.text.text(in: output)
            return (text, text.map { OutputText.isBlank(Array($0.utf8)) } ?? true)
        }
        let bytes: [UInt8]
        var isCopied = false
        switch self.output.source {
        case .stdout: bytes = printed.stdout
        case .file: bytes = printed.file
        case .stderr, .both:
            let isOnStdout = self.output.source == .both && !OutputText.isBlank(printed.stdout)
            bytes = isOnStdout ? printed.stdout : printed.stderr
            isCopied = true
        }
        // Of what is longer than what is read a copy would be a part.
        isCopied = isCopied || printed.isRecoded || (bytes.count <= printed.maximum && EscapeCodes.are(in: bytes))
        return (
            isCopied ? String(decoding: EscapeCodes.removed(from: bytes), as: UTF8.self) : nil, OutputText.isBlank(bytes)
        )
    }

    private func error(in output: OutputText, _ printed: AgentOutput) -> String? {
        var output = output
        if self.output.error.contains(where: { !$0.patterns.isEmpty }) {
            output.lines = OutputText.lines(of: printed.stdout) + OutputText.lines(of: printed.stderr)
        }
        return self.output.error.text(in: output)
    }

    private func usage(in output: OutputText, _ printed: AgentOutput) -> Usage {
        let rules = self.output
        var output = output
        let readings = [rules.tokensIn, rules.tokensOut, rules.tokensCached, rules.cost]
        if readings.contains(where: { $0.contains { !$0.patterns.isEmpty } }) {
            output.lines = OutputText.lines(of: printed.stdout) + OutputText.lines(of: printed.stderr)
        }
        func count(_ readings: [OutputExtractor], times factor: Double = 1) -> Int64? {
            readings.number(in: output).flatMap { Int64(exactly: ($0 * factor).rounded()) }.flatMap { $0 >= 0 ? $0 : nil }
        }
        return Usage(
            tokensIn: count(rules.tokensIn), tokensOut: count(rules.tokensOut), tokensCached: count(rules.tokensCached),
            cost: count(rules.cost, times: 1e6))
    }

    // MARK: What went wrong

    /// The lines that tell why: the error, then standard error, and standard output where that holds no JSON.
    private func evidence(_ output: OutputText, _ error: String?, _ printed: AgentOutput) -> OutputText {
        var lines = OutputText.lines(of: printed.stderr)
        if output.documents.isEmpty { lines += OutputText.lines(of: printed.stdout) }
        if let error { lines += OutputText.lines(of: Array(error.utf8)) }
        return OutputText(documents: output.documents, lines: lines)
    }

    private func rule(for evidence: OutputText, _ exit: Int32?, isGood: Bool) -> FailureRule? {
        let rules = isGood ? failures.filter(\.always) : failures + FailureRule.common
        return rules.first { $0.matches(exit: exit, evidence) }
    }

    private func failure(
        _ rule: FailureRule?, _ error: String?, _ evidence: OutputText, _ printed: AgentOutput, _ flaw: String?,
        at time: ReadingTime
    ) -> AgentFailure? {
        let ending = printed.exit.map { "exited with status \($0)" } ?? "was ended"
        let said = (error ?? matchedLine(of: rule, in: evidence)).flatMap(StderrTail.sentence)
        guard let rule else {
            if error == nil, printed.exit == 0 || flaw != nil && printed.exit == nil {
                return AgentFailure(.empty, "\(ending), but \(flaw ?? "produced no output")")
            }
            // Without a word of its own there is no more to say than how it ended.
            return error == nil ? nil : AgentFailure(.crash, "\(ending): \(said ?? "it reports an error")")
        }
        var failure = AgentFailure(rule.kind, said.map { "\(ending): \($0)" } ?? ending)
        if rule.kind.isLimit {
            failure.until = (rule.until + FailureRule.commonUntil).lazy
                .compactMap { $0.text(in: evidence) }
                .compactMap { ResetTime.time(in: $0, at: time) }
                .first { $0 > time.now }
                .map { min($0, time.now + Self.longestLimit) }
        }
        return failure
    }

    /// Nothing is believed to be longer than this, in milliseconds: it is then tried again, and told again.
    static let longestLimit: Int64 = 86_400_000

    private func matchedLine(of rule: FailureRule?, in evidence: OutputText) -> String? {
        guard let rule else { return nil }
        let line = evidence.lines.last { line in rule.patterns.contains { $0.match(line) != nil } }
        return line.map { String(Substring($0)) }
    }

    /// The end of what it has written that is not JSON: of its errors, or where there are none, of its output.
    private func stderrTail(in output: OutputText, _ printed: AgentOutput) -> String? {
        let streams = output.documents.isEmpty ? [printed.stderr, printed.stdout] : [printed.stderr]
        return streams.lazy.compactMap { StderrTail.line(of: $0) }.first
    }
}
