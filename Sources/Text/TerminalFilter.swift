/// Lets text and colours through to a terminal, and takes out what could change the terminal, or hide what stands on it.
///
/// Of the control sequences (ECMA-48) only Select Graphic Rendition passes, and of the control characters only tab, line feed
/// and carriage return. The bytes come in pieces, and a sequence may be cut anywhere: what is not decided yet waits in the
/// filter, at most ``longest`` bytes. It is for one stream.
public struct TerminalFilter: Sendable {
    /// The most bytes that a colour takes.
    static let longest = 64

    private enum State: Sendable {
        case text
        /// After an ESC, and perhaps intermediate bytes.
        case escape
        /// Within a control sequence, of which ``pending`` has the beginning.
        case sequence
        /// Within the string of an OSC, DCS, SOS, PM or APC. It ends with ST or BEL, and at the latest with its line: what has
        /// no end must not take everything that follows with it.
        case string
        /// After an ESC within such a string.
        case stringEscape
    }

    private var state = State.text
    /// Whether the last byte was 0xC2, with which the C1 controls begin in UTF-8.
    private var isAfterC2 = false
    private var pending: [UInt8] = []
    /// How many bytes the last character still lacks, if it is UTF-8.
    private var lacking = 0
    private var isColoured = false

    public init() {}

    /// What passes of the next bytes.
    public mutating func pass(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var passed: [UInt8] = []
        passed.reserveCapacity(bytes.underestimatedCount)
        for byte in bytes { take(byte, into: &passed) }
        return passed
    }

    /// What has to follow the last byte: a character that was cut off, and the end of its colours.
    public mutating func finish() -> [UInt8] {
        defer { self = TerminalFilter() }
        return (isAfterC2 && state == .text ? [0xC2] : []) + (isColoured ? Array("\u{1B}[0m".utf8) : [])
    }

    private mutating func take(_ byte: UInt8, into passed: inout [UInt8]) {
        if isAfterC2 {
            isAfterC2 = false
            if (0x80..<0xA0).contains(byte) { return control(byte - 0x40) }
            if state == .text { passed.append(0xC2) }
        } else if byte == 0xC2, state != .escape, state != .sequence {
            isAfterC2 = true
            return
        }
        switch state {
        case .text:
            switch byte {
            case 0x1B: state = .escape
            case 0x09, 0x0A, 0x0D: passed.append(byte)
            case 0..<0x20, 0x7F: break
            // Alone, it is a C1 control to a terminal that does not expect UTF-8.
            case 0x80..<0xA0 where lacking == 0: passed += [0xEF, 0xBF, 0xBD]
            default: passed.append(byte)
            }
            lacking = Self.lacking(after: byte, of: lacking)
        case .escape:
            switch byte {
            case 0x20..<0x30: break
            case 0x40..<0x60: control(byte)
            case 0x30..<0x7F: state = .text
            default: again(byte, into: &passed)
            }
        case .sequence:
            switch byte {
            case 0x20..<0x40:
                if pending.count < Self.longest { pending.append(byte) }
            case UInt8(ascii: "m") where pending.count < Self.longest && pending.allSatisfy(Self.isParameter):
                passed += [0x1B, UInt8(ascii: "[")] + pending + [byte]
                isColoured = !pending.isEmpty && pending != [UInt8(ascii: "0")]
                state = .text
            case 0x40..<0x7F: state = .text
            default: again(byte, into: &passed)
            }
        case .string:
            switch byte {
            case 0x07: state = .text
            case 0x0A: again(byte, into: &passed)
            case 0x1B: state = .stringEscape
            default: break
            }
        case .stringEscape:
            // Anything but the backslash of ST begins something else.
            state = .escape
            if byte == UInt8(ascii: "\\") { state = .text } else { take(byte, into: &passed) }
        }
    }

    /// A C1 control, by the letter that it has after an ESC.
    private mutating func control(_ letter: UInt8) {
        lacking = 0
        switch letter {
        case UInt8(ascii: "["): (state, pending) = (.sequence, [])
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"): state = .string
        default: state = .text
        }
    }

    /// What cannot belong to the sequence is text again.
    private mutating func again(_ byte: UInt8, into passed: inout [UInt8]) {
        state = .text
        take(byte, into: &passed)
    }

    private static func lacking(after byte: UInt8, of lacking: Int) -> Int {
        switch byte {
        case 0x80..<0xC0: max(0, lacking - 1)
        case 0xC3..<0xE0: 1
        case 0xE0..<0xF0: 2
        case 0xF0..<0xF8: 3
        default: 0
        }
    }

    /// Digits and what separates them; not the private parameters with which `ESC [ > … m` sets the keyboard.
    private static func isParameter(_ byte: UInt8) -> Bool { (0x30...0x3B).contains(byte) }
}
