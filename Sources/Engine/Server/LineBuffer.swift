import NIOCore
import OrchProtocol

/// Cuts what a connection sends into lines, and holds no more of it than one line may have.
struct LineBuffer {
    enum Piece: Equatable {
        case line(ByteBuffer)
        /// More has come without an end than a line may have; the connection is of no further use.
        case tooLong
    }

    private var buffer = ByteBuffer()
    /// How far the buffer has been searched for an end.
    private var searched = 0
    /// How many lines have been cut before the one that comes next.
    private(set) var ordinal = 0

    /// How many bytes it holds.
    var count: Int { buffer.readableBytes }
    /// Whether all that it holds is the beginning of one line.
    var isWaitingForEnd: Bool { count > 0 && searched == count }

    mutating func append(_ bytes: inout ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
            searched = 0
        } else {
            buffer.writeBuffer(&bytes)
        }
    }

    /// The next complete line without its `\n`, or nil if there is none yet.
    mutating func next() -> Piece? {
        let view = buffer.readableBytesView
        let start = view.startIndex + searched
        guard let end = view[start...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = view.count
            return searched > limit ? .tooLong : nil
        }
        let length = end - view.startIndex
        guard length <= limit else { return .tooLong }
        let line = buffer.readSlice(length: length) ?? ByteBuffer()
        buffer.moveReaderIndex(forwardBy: 1)
        searched = 0
        ordinal += 1
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
        return .line(line)
    }

    private var limit: Int {
        guard buffer.readableBytes > Wire.maximumLineLength else { return Wire.maximumLineLength }
        let beginning = buffer.readableBytesView.prefix(512)
        let marker = Array("\"task.submit\"".utf8)
        let isSubmission = beginning.indices.contains { beginning[$0...].starts(with: marker) }
        return isSubmission ? Wire.maximumSubmissionLength : Wire.maximumLineLength
    }
}
