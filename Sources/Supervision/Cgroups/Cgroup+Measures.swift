import SupervisorLink

extension Cgroup {
    /// What an attempt has used of disks, and how long it waited for what it had not got; only what its controllers count.
    func measures(of attempt: UInt64) -> MeasureReport {
        var report = MeasureReport(
            attempt: attempt, bytesRead: 0, bytesWritten: 0, stalledForProcessor: stalled("cpu"),
            stalledForMemory: stalled("memory"), stalledForDisk: stalled("io"))
        // A line for each device: `8:0 rbytes=1 wbytes=2 …`.
        for word in (SmallFile.text("io.stat", in: directory) ?? "").split(whereSeparator: \.isWhitespace) {
            if word.hasPrefix("rbytes=") { report.bytesRead += Int64(word.dropFirst(7)) ?? 0 }
            if word.hasPrefix("wbytes=") { report.bytesWritten += Int64(word.dropFirst(7)) ?? 0 }
        }
        return report
    }

    /// The `total` of the line `some avg10=0.00 … total=123`.
    private func stalled(_ resource: String) -> Int64 {
        let text = SmallFile.text("\(resource).pressure", in: directory) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("some ") } ?? ""
        let word = line.split(separator: " ").first { $0.hasPrefix("total=") } ?? ""
        return Int64(word.dropFirst(6)) ?? 0
    }
}
