"""A BACnet device by others (bacpypes3) that is a BBMD too, and the router to network 7 with a second device (mac 12, instance 4712).

For the interoperability test. Argument: port of UDP on 127.0.0.1.

Prints "listening" once it is there; ends with its standard input.
"""

import asyncio
import sys

from bacpypes3.app import Application
from bacpypes3.argparse import SimpleArgumentParser
from bacpypes3.local.analog import AnalogInputObject, AnalogValueObject
from bacpypes3.local.binary import BinaryValueObject
from bacpypes3.local.cmd import Commandable
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.multistate import MultiStateValueObject
from bacpypes3.object import CharacterStringValueObject
from bacpypes3.pdu import LocalStation
from bacpypes3.vlan import VirtualNetwork
from bacpypes3.vlan.link import VirtualLinkLayer


class CommandableAnalogValue(Commandable, AnalogValueObject):
    """An analog value with a priority array."""


class CommandableBinaryValue(Commandable, BinaryValueObject):
    """A binary value with a priority array."""


def objects():
    """What the test reads and writes. Status flags are made of reliability and the rest by bacpypes3."""
    good = {"eventState": "normal", "outOfService": False}
    return [
        AnalogInputObject(
            objectIdentifier=("analogInput", 1), objectName="ai1", presentValue=21.5, units="degreesCelsius", covIncrement=0.1, **good
        ),
        AnalogInputObject(
            objectIdentifier=("analogInput", 2),
            objectName="ai2",
            presentValue=0.0,
            units="degreesCelsius",
            covIncrement=0.1,
            reliability="noSensor",
            **good,
        ),
        CommandableAnalogValue(
            objectIdentifier=("analogValue", 1), objectName="av1", presentValue=65.0, units="degreesCelsius", covIncrement=0.1, **good
        ),
        CommandableBinaryValue(objectIdentifier=("binaryValue", 1), objectName="bv1", presentValue="inactive", **good),
        MultiStateValueObject(objectIdentifier=("multiStateValue", 1), objectName="mv1", presentValue=3, numberOfStates=4, **good),
        CharacterStringValueObject(
            objectIdentifier=("characterstringValue", 1), objectName="cv1", presentValue="läuft", statusFlags=[0, 0, 0, 0]
        ),
    ]


def behind(router: Application):
    """A device on a network of its own that the other one leads to."""
    VirtualNetwork("behind")
    router.nsap.bind(VirtualLinkLayer(LocalStation(1), "behind"), net=7, address=LocalStation(1))
    device = Application.from_object_list([DeviceObject(objectIdentifier=("device", 4712), objectName="remote", vendorIdentifier=999)])
    device.nsap.bind(VirtualLinkLayer(LocalStation(12), "behind"), address=LocalStation(12))
    return device


async def main(port: str):
    """Serves until standard input ends."""
    address = f"127.0.0.1/8:{port}"
    here = ["--address", address, "--network", "1", "--bbmd", f"127.0.0.1:{port}"]
    args = SimpleArgumentParser().parse_args(["--name", "peer", "--instance", "4711", *here])
    app = Application.from_args(args)
    remote = behind(app)
    for device in (app, remote):
        for each in objects():
            device.add_object(each)
    await asyncio.sleep(0.1)
    print("listening", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    remote.close()
    app.close()


asyncio.run(main(sys.argv[1]))
