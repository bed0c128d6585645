import Logging
import NIOCore
import NIOPosix
import TOMLKit
