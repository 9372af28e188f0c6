# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false
import json

from prefect import flow, runtime, task
from prefect.artifacts import (
    Artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.filesystems import LocalFileSystem
from prefect.variables import Variable
from pydantic import SecretStr


class Login(Block):
    _block_type_name = "Login"

    user: str
    password: SecretStr
    keys: dict[str, SecretStr] = {}


class Service(Block):
    _block_type_name = "Service"

    url: str
    login: Login
    more: list[Login] = []


def blocks() -> dict:
    Login(user="u", password="first").save("there")
    Login(user="u", password="second", keys={"k": "third"}).save("there", overwrite=True)
    try:
        Login(user="u", password="other").save("there")
        said = "saved twice"
    except ValueError as error:
        said = str(error)
    login = Login.load("there")
    Service(url="http://a", login=login, more=[Login(user="n", password="nested")]).save("main")
    service = Service.load("main")
    Secret(value="sesame").save("gate")
    return {
        "password": login.password.get_secret_value(),
        "key": login.keys["k"].get_secret_value(),
        "refused": said,
        "referred": service.login.password.get_secret_value(),
        "nested": service.more[0].password.get_secret_value(),
        "secret": Secret.load("gate").get(),
        "shown": str(login.password),
    }


def variables() -> dict:
    Variable.set("region", {"name": "eu", "zones": [1, None]}, tags=["x"])
    Variable.set("region", ["us"], overwrite=True)
    found = {"value": Variable.get("region"), "default": Variable.get("nothing", "none")}
    Variable.unset("region")
    return found | {"gone": Variable.get("region")}


@task
def report() -> str:
    create_table_artifact(key="rows", table=[{"a": 1}], description="all of them")
    create_markdown_artifact(key="words", markdown="# old")
    create_markdown_artifact(key="words", markdown="# new")
    create_link_artifact(key="way", link="https://example.org")
    progress = create_progress_artifact(key="far", progress=10.0)
    update_progress_artifact(progress, progress=70.0)
    return runtime.task_run.name


@flow(name="inner-f")
def inner() -> dict:
    return {
        "root": runtime.flow_run.root_flow_run_id,
        "parent": runtime.flow_run.parent_flow_run_id,
    }


@task(persist_result=True)
def kept() -> str:
    return "kept"


@flow(name="scenario-f", persist_result=True)
def scenario_f() -> dict:
    return {
        "blocks": blocks(),
        "variables": variables(),
        "task": report(),
        "name": runtime.flow_run.name == runtime.flow_run.get_name(),
        "inner": inner(),
        "id": runtime.flow_run.id,
        "kept": kept(),
    }


def stored_by_default(folder: str) -> str:
    """Whether results go where the server says."""
    document_id = LocalFileSystem(basepath=folder).save("results")
    with get_client(sync_client=True) as client:
        answer = client._client.put(
            "/admin/storage", json={"default_result_storage_block_id": str(document_id)}
        )
    answer.raise_for_status()
    return str(document_id)


if __name__ == "__main__":
    import sys

    storage = stored_by_default(sys.argv[1])
    result = scenario_f()
    words = Artifact.get("words")
    result |= {"storage": storage, "words": words.data, "far": Artifact.get("far").data}
    Login.delete("there")
    try:
        Login.load("there")
    except (ValueError, ObjectNotFound) as error:
        result["deleted"] = str(error)
    print("RESULT", json.dumps(result))
