import OrchProtocol

extension AgentDefinition {
    /// Reads the output of an attempt.
    ///
    /// A success is an exit status of 0, or a program that had to be ended after a whole result, *and* an answer that is not blank,
    /// *and* no word of an error where the definition knows one.
    public func report(on printed: AgentOutput, at time: ReadingTime) -> AgentReport {
        let (output, isWhole) = documents(in: printed)
        var report = AgentReport(isWhole: isWhole)
        report.usage = usage(in: output, printed)
        let answer = answer(in: output, printed)
        report.text = answer.text
        let error = self.output.error.text(in: output)
        let hasEndedWell = printed.exit == 0 || (printed.exit == nil && isWhole)
        let isGood = hasEndedWell && error == nil && !answer.isBlank
        let evidence = evidence(output, error, printed)
        let known = rule(for: evidence, printed.exit, isGood: isGood)
        guard !isGood || known != nil else { return report }
        report.failure = failure(known, error, evidence, printed, at: time)
        return report
    }

    /// Whether the output holds a whole result, so that nothing more need be waited for.
    public func isWhole(_ printed: AgentOutput) -> Bool { output.showsItsEnd && documents(in: printed).isWhole }

    // MARK: What is there

    private func documents(in printed: AgentOutput) -> (output: OutputText, isWhole: Bool) {
        let sources: [[UInt8]] =
            switch output.source {
            case .stdout: [printed.stdout]
            case .stderr: [printed.stderr]
            case .both: [printed.stdout, printed.stderr]
            case .file: [printed.file]
            }
        for bytes in sources {
            switch output.format {
            case .text: return (OutputText(documents: [], lines: []), !isBlank(bytes))
            case .json:
                let (document, hasAnswer) = document(in: bytes)
                if let document { return (OutputText(documents: [document], lines: []), hasAnswer) }
            case .jsonl:
                let lines = DocumentFinder.lines(in: bytes)
                guard !lines.isEmpty else { continue }
                let hasEnded = lines.contains { line in !output.end.isEmpty && output.end.allSatisfy { $0.holds(for: line) } }
                return (OutputText(documents: lines, lines: []), hasEnded)
            }
        }
        return (OutputText(documents: [], lines: []), false)
    }

    /// The first complete document in which there is an answer or an error; without such, the first one.
    private func document(in bytes: [UInt8]) -> (JSONText?, hasAnswer: Bool) {
        var first: JSONText?
        var found: JSONText?
        DocumentFinder.documents(in: bytes) { document in
            first = first ?? document
            let candidate = OutputText(documents: [document], lines: [])
            if output.text.text(in: candidate) != nil || output.error.text(in: candidate) != nil { found = document }
            return found == nil
        }
        return (found ?? first, found != nil)
    }

    private func answer(in output: OutputText, _ printed: AgentOutput) -> (text: String?, isBlank: Bool) {
        if self.output.format == .text {
            switch self.output.source {
            case .stdout: return (nil, isBlank(printed.stdout))
            case .file: return (nil, isBlank(printed.file))
            case .stderr, .both:
                let bytes = self.output.source == .both && !isBlank(printed.stdout) ? printed.stdout : printed.stderr
                return (String(decoding: bytes, as: UTF8.self), isBlank(bytes))
            }
        }
        let text = self.output.text.text(in: output)
        return (text, text.map { $0.allSatisfy(\.isWhitespace) } ?? true)
    }

    private func isBlank(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 <= 0x20 } }

    private func usage(in output: OutputText, _ printed: AgentOutput) -> Usage {
        let rules = self.output
        var output = output
        let readings = [rules.tokensIn, rules.tokensOut, rules.tokensCached, rules.cost]
        if readings.contains(where: { $0.contains { !$0.patterns.isEmpty } }) {
            output.lines = OutputText.lines(of: printed.stdout) + OutputText.lines(of: printed.stderr)
        }
        func count(_ readings: [Reading], times factor: Double = 1) -> Int64? {
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
        _ rule: FailureRule?, _ error: String?, _ evidence: OutputText, _ printed: AgentOutput, at time: ReadingTime
    ) -> AgentFailure? {
        let ending = printed.exit.map { "exited with status \($0)" } ?? "was ended"
        let said = Self.sentence(error ?? matchedLine(of: rule, in: evidence))
        guard let rule else {
            if printed.exit == 0, error == nil { return AgentFailure(.empty, "\(ending), but produced no output") }
            // Without a word of its own there is no more to say than how it ended.
            return error == nil ? nil : AgentFailure(.crash, "\(ending): \(said ?? "it reports an error")")
        }
        var failure = AgentFailure(rule.kind, said.map { "\(ending): \($0)" } ?? ending)
        if rule.kind.isLimit {
            failure.until = (rule.until + FailureRule.commonUntil).lazy
                .compactMap { $0.text(in: evidence) }
                .compactMap { TimeTold.time(in: $0, now: time.now, zoneOffset: time.zoneOffset) }
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

    /// The first line of a text, not too long, without a full stop.
    private static func sentence(_ text: String?) -> String? {
        let lines = (text ?? "").split(whereSeparator: \.isNewline).map { $0.trimming() }
        guard var line = lines.first(where: { !$0.isEmpty })?.shortened(to: 300) else { return nil }
        while line.hasSuffix(".") { line.removeLast() }
        return line
    }
}

extension Substring {
    fileprivate func trimming() -> String {
        var text = drop(while: \.isWhitespace)
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }
}
