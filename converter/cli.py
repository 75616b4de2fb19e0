"""The command line: arguments in, exit code out. The only module that exits.

Exit codes: 0 all converted; 1 finished, some rows rejected; 2 usage or mapping; 3 sources unreadable; 4 output not
writable or holds something else; 5 a product failed its own check; 70 bug; 130 interrupted. Heavy stages are imported
inside the command that needs them: ``--help`` starts in a tenth of a second.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from converter import __version__
from converter.console import Console
from converter.diagnostics import ConverterError, ExitCode

__all__ = ["main"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PATH = click.Path(path_type=Path)


class _Command(click.Command):
    """A command whose help starts with its example."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        text = self.help or ""
        example, _, rest = text.partition("\n\n")
        formatter.write_paragraph()
        formatter.write_text(example)
        formatter.write_paragraph()
        with formatter.indentation():
            for paragraph in rest.split("\n\n"):
                formatter.write_text(" ".join(paragraph.split()))
                formatter.write_paragraph()

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_help_text(ctx, formatter)
        self.format_usage(ctx, formatter)
        self.format_options(ctx, formatter)


def _output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout."),
        click.option("--lang", type=click.Choice(["fr", "en"]), default="en", help="Language of the terminal."),
        click.option("--no-color", is_flag=True, help="No colour (also NO_COLOR, TERM=dumb)."),
        click.option("--no-progress", is_flag=True, help="No progress bar."),
        click.option("-q", "--quiet", is_flag=True, help="Only errors."),
        click.option("-v", "--verbose", is_flag=True, help="More detail."),
    ):
        command = option(command)

    @wraps(command)
    def with_console(
        *args: Any, quiet: bool, verbose: bool, no_color: bool, no_progress: bool, lang: str, **kwargs: Any
    ) -> Any:
        console = Console(quiet=quiet, verbose=verbose, color=not no_color, progress=not no_progress, lang=lang)
        return command(*args, console=console, **kwargs)

    return with_console


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each command has its own --help, which starts with an example.",
)
@click.version_option(__version__, prog_name="dui", message="%(prog)s %(version)s")
def cli() -> None:
    """dui convert mapping.yaml -o delivery/

    Turns exports of legacy DUI software (spreadsheets, scanned documents and their index) into the FHIR bundles of the
    guide "Transfert de données DUI", one per resident, as files ready to hand over.
    """


@cli.command(cls=_Command)
@click.argument("paths", metavar="FILE|FOLDER...", type=_PATH, nargs=-1, required=True)
@click.option("--header-row", type=click.IntRange(1), help="The line that is the header, when none is proposed.")
@_output_options
def inspect(paths: tuple[Path, ...], console: Console, as_json: bool, header_row: int | None) -> ExitCode:
    """Example: dui inspect usagers.xlsx index_ged.csv ged/

    Says what an export is, before there is a mapping: types, encoding, sheets, where the header seems to be, and per
    column how full it is and what its cells look like; of a folder of scans, counts by type. No cell and no file name
    below a folder is shown.
    """
    from converter.firststeps.inspect import run_inspect

    return run_inspect(paths, console, as_json=as_json, header_row=header_row)


@cli.command(cls=_Command)
@click.argument("files", metavar="FILE...", type=_PATH, nargs=-1, required=True)
@click.option("--scans", type=_PATH, help="Folder of the scanned files that an index names.")
@click.option("-o", "--output", type=_PATH, required=True, help="The mapping to write; never one that is there.")
@_output_options
def init(files: tuple[Path, ...], console: Console, as_json: bool, scans: Path | None, output: Path) -> ExitCode:
    """Example: dui init usagers.xlsx index_ged.csv --scans ged/ -o mapping.yaml

    Drafts a mapping from the columns of an export. Every guess is marked "à vérifier", and what no file can say "à
    compléter": dui check refuses the draft until that is filled in. The schema for editors is put beside it.
    """
    from converter.firststeps.init import run_init

    return run_init(files, console, as_json=as_json, scans=scans, output=output)


@cli.command(cls=_Command)
@click.argument("mapping", type=_FILE)
@click.option("--release", help="Release of the guide, instead of the mapping's.")
@click.option("--date", help="The run's clock (ISO date or date-time), instead of the mapping's or the sources'.")
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@_output_options
def check(mapping: Path, console: Console, as_json: bool, **options: Any) -> ExitCode:
    """Example: dui check mapping.yaml

    Tries a mapping on every row of its sources: columns, codes, values, the files that rows name. Says what would be
    rejected, by code and column, with the first places. Nothing is converted or written, and no scan is opened.
    """
    from converter.firststeps.check import run_check

    return run_check(mapping, console, as_json=as_json, **options)


def _run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of the commands that make a delivery."""
    options = (
        click.option(
            "-o", "--output", type=_PATH, required=True, help="Folder of the delivery; made if it is not there."
        ),
        click.option("-n", "--dry-run", is_flag=True, help="Do everything but write."),
        click.option("--release", help="Release of the guide, instead of the mapping's."),
        click.option("--date", help="The run's clock (ISO date or date-time), not the mapping's or the sources'."),
        click.option("--workers", type=click.IntRange(1, 256), help="Processes; by default one per processor."),
        click.option("--limit", type=click.IntRange(1), help="Only the first N residents."),
        click.option("--only", type=_FILE, help="A corrected rejects.xlsx: its rows count instead of the sources'."),
        click.option("--resident", "residents", multiple=True, help="Only this resident (its key); can be repeated."),
        click.option("--force", is_flag=True, help="Redo what an earlier run completed."),
        click.option("--prune", is_flag=True, help="Remove files of an earlier run that this run no longer makes."),
        click.option("-x", "--fail-fast", is_flag=True, help="Stop at the first rejected row."),
        click.option("--strict", is_flag=True, help="Treat warnings as errors."),
        click.option("--flow", type=click.Choice(["1", "2"]), default="2", help="1: a file per document; 2: bundles."),
        click.option(
            "--report-lang", type=click.Choice(["fr", "en"]), default="fr", help="Language of rejects and report."
        ),
        click.option("--log-file", type=_PATH, help="Where a traceback goes if the program fails."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@cli.command(cls=_Command)
@click.argument("mapping", type=_FILE)
@_run_options
@_output_options
def convert(mapping: Path, console: Console, as_json: bool, **options: Any) -> ExitCode:
    """Example: dui convert samples/ime/mapping.yaml -o delivery/

    Converts the sources that MAPPING describes into one bundle per resident below the output folder. Rows that cannot
    be converted are listed in rejects.csv with their place and remedy. Running the same command again resumes: what is
    complete and unchanged is kept.
    """
    from converter.run import run_convert

    return run_convert(mapping, console, as_json=as_json, **options)


@cli.command(cls=_Command)
@click.argument("mapping", type=_FILE)
@click.option(
    "--previous",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    required=True,
    help="Delivery handed over earlier; repeat it for its updates, oldest first.",
)
@click.option(
    "--answers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="What the receiver answered to it: one folder per --previous, in the same order.",
)
@_run_options
@_output_options
def update(mapping: Path, console: Console, as_json: bool, **options: Any) -> ExitCode:
    """Example: dui update mapping.yaml --previous delivery/ --answers answers/ -o update/

    Makes what an earlier delivery lacks: new documents as bundles, changed ones as JSON Patches (where the release has
    no update flow: as new versions that replace the old ones). Unchanged documents are left out; what is gone from the
    sources is listed, never deleted. update.json says what to send where.
    """
    from converter.run import run_convert

    return run_convert(mapping, console, as_json=as_json, **options)


@cli.command(cls=_Command)
@click.argument("delivery", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--answers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder of the answers, each named as the file it answers (0a1b.json, 0a1b.response.json…).",
)
@_output_options
def receipts(delivery: Path, console: Console, as_json: bool, answers: Path) -> ExitCode:
    """Example: dui receipts delivery/ --answers answers/

    Reads what the receiver's server answered to each file and says which documents it accepted, refused or never
    answered. Exit code 0: all accepted; 1: some refused or missing; 3: the delivery or an answer cannot be read.
    """
    from converter.receipts import run_receipts

    return run_receipts(delivery, answers, console, as_json=as_json)


@cli.command(cls=_Command)
@click.argument("target", type=click.Path(exists=True, path_type=Path))
@click.option("--release", help="Check against this release instead of the one that the manifest names.")
@click.option("--workers", type=click.IntRange(1, 256), default=None, help="Processes; by default one per processor.")
@_output_options
def verify(target: Path, console: Console, as_json: bool, release: str | None, workers: int | None) -> ExitCode:
    """Example: dui verify delivery/

    Checks a delivery, or one bundle or DocumentReference, as sender or receiver: manifest and sums, the guide's
    profiles, every attachment and the document inside. Nothing is changed.
    """
    from converter.verify import run_verify

    return run_verify(target, console, as_json=as_json, release=release, jobs=workers)


def _part_bytes(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    from converter.sealing import part_bytes

    try:
        return part_bytes(value) if value is not None else None
    except ValueError:
        raise click.BadParameter("usb, dvd, mail, or a size such as 700MB or 4GiB.") from None


@cli.command(cls=_Command)
@click.argument("delivery", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", type=_PATH, required=True, help="The archive; parts are numbered beside it.")
@click.option("--part-size", callback=_part_bytes, help="At most this large: usb, dvd, mail, 700MB, 4GiB.")
@click.option(
    "--encrypt", type=click.Choice(["zip", "age"]), help="zip: AES-256, opens in 7-Zip; age: by the age program."
)
@click.option(
    "--passphrase-file", type=_FILE, help="File whose first line is the passphrase; otherwise it is asked for."
)
@click.option("--recipient", "recipients", multiple=True, help="With --encrypt age: the receiver's public key.")
@_output_options
def pack(
    delivery: Path, output: Path, console: Console, as_json: bool, part_size: int | None, **options: Any
) -> ExitCode:
    """Example: dui pack delivery/ -o delivery.zip --part-size dvd --encrypt zip

    Puts a delivery into archives that fit a medium: what the receiver gets, and nothing of the sender's. Each part
    holds the manifest and the sums. The passphrase is typed or read from a file.
    """
    from converter.sealing import run_pack

    return run_pack(delivery, output, console, as_json=as_json, size=part_size, **options)


@cli.command(cls=_Command)
@click.argument("parts", type=_FILE, nargs=-1, required=True)
@click.option("-o", "--output", type=_PATH, required=True, help="Folder to make; must be absent or empty.")
@click.option("--encrypted", is_flag=True, help="Ask for the passphrase.")
@click.option("--passphrase-file", type=_FILE, help="File whose first line is the passphrase.")
@click.option("--identity", type=_FILE, help="For age: the file with the secret key.")
@_output_options
def unpack(parts: tuple[Path, ...], output: Path, console: Console, as_json: bool, **options: Any) -> ExitCode:
    """Example: dui unpack delivery-01-of-02.zip delivery-02-of-02.zip -o received/

    Puts the parts of a packed delivery together, and verifies every sum before it says done.
    """
    from converter.sealing import run_unpack

    return run_unpack(parts, output, console, as_json=as_json, **options)


@cli.command(cls=_Command)
@click.option("--manifest", is_flag=True, help="The schema of manifest.json instead.")
@_output_options
def schema(console: Console, as_json: bool, manifest: bool) -> ExitCode:
    """Example: dui schema > mapping.schema.json

    Prints the JSON Schema of the mapping language. An editor completes and checks a mapping whose first line is
    "# yaml-language-server: $schema=mapping.schema.json".
    """
    from converter.delivery import manifest_schema
    from converter.mapping.loader import json_schema

    console.json(manifest_schema() if manifest else json_schema())
    return ExitCode.OK


@cli.command(cls=_Command)
@click.argument("code", required=False)
@_output_options
def explain(code: str | None, console: Console, as_json: bool) -> ExitCode:
    """Example: dui explain DATE-01

    Says what a diagnostic code means, why it is checked and what to do; without CODE, lists them all.
    """
    from converter.run import run_explain

    return run_explain(code, console, as_json=as_json)


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    _occupy_streams()
    code = _run(sys.argv[1:] if argv is None else argv)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # what could not be written was told; Python would try and tell it again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(code))


def _occupy_streams() -> None:
    """Where a standard stream is closed, its number would go to the next file opened, and what a library prints into
    that file."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _run(argv: list[str]) -> int:
    try:
        return cli.main(argv, prog_name="dui", standalone_mode=False) or ExitCode.OK
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return ExitCode.MAPPING
    except (KeyboardInterrupt, click.Abort):
        Console().warn("Interrupted. Complete bundles are kept; the same command goes on from here.")
        return ExitCode.INTERRUPTED
    except ConverterError as stop:
        Console().diagnostics(stop.diagnostics)
        return stop.exit_code
    except BrokenPipeError:
        return ExitCode.OUTPUT
    except Exception as bug:  # the one broad except: a bug is shown as such, without personal data
        return _bug(bug, argv)


def _bug(bug: Exception, argv: list[str]) -> int:
    """Exception texts may quote cells: the terminal gets the type and the place, the log file the stack's places."""
    frames = traceback.extract_tb(bug.__traceback__)
    places = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames]
    console = Console()
    console.warn(f"Bug: {type(bug).__name__} at {places[-1] if places else 'unknown place'}. Nothing half-written is")
    console.warn("left behind. Please report it with this line; it holds no personal data.")
    if log := _log_file(argv):
        with contextlib.suppress(OSError):
            log.write_text("\n".join([f"dui {__version__} {type(bug).__name__}", *places]) + "\n", "utf-8")
    return ExitCode.BUG


def _log_file(argv: list[str]) -> Path | None:
    for argument, following in zip(argv, [*argv[1:], ""], strict=True):
        name, equals, value = argument.partition("=")
        if name == "--log-file" and (value if equals else following):
            return Path(value if equals else following)
    return None
