/// JSON for people: the same values, one member a line.
public enum JSONPrinter {
    /// Lays out JSON that is well-formed. The order of the members and the numbers stay as they are.
    public static func pretty(_ json: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(json.count * 2)
        var depth = 0
        var inString = false
        var index = 0
        func newline() {
            result.append(0x0A)
            result.append(contentsOf: repeatElement(0x20, count: depth * 2))
        }
        while index < json.count {
            let byte = json[index]
            index += 1
            if inString {
                result.append(byte)
                if byte == UInt8(ascii: "\\"), index < json.count {
                    result.append(json[index])
                    index += 1
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: break
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                result.append(byte)
                while index < json.count, [0x20, 0x09, 0x0A, 0x0D].contains(json[index]) { index += 1 }
                if index < json.count, json[index] == UInt8(ascii: "}") || json[index] == UInt8(ascii: "]") {
                    result.append(json[index])
                    index += 1
                } else {
                    depth += 1
                    newline()
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth = max(0, depth - 1)
                newline()
                result.append(byte)
            case UInt8(ascii: ","):
                result.append(byte)
                newline()
            case UInt8(ascii: ":"):
                result.append(byte)
                result.append(0x20)
            default:
                inString = byte == UInt8(ascii: "\"")
                result.append(byte)
            }
        }
        return result
    }
}
